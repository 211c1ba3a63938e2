-- What a person looked at, has in the cart and bought: named by the person's id, or by that of a browser.
SELECT last_viewed, last_carted, bought, arraySlice(arrayMap(each -> each.1, arrayReverseSort(each -> each.2, CAST(categories, 'Array(Tuple(String, Float64))'))), 1, 5)
FROM profiles FINAL
WHERE shop_id = {shop:String}
  AND person_id IN
  (
      SELECT {person:UUID}
      UNION ALL
      SELECT persons[-1] FROM identity_overrides FINAL WHERE shop_id = {shop:String} AND visitor_id = {person:UUID}
  )
ORDER BY last_seen_at DESC
LIMIT 1
