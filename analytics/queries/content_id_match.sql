-- How many of the products that our events name has Meta accepted into the catalog?
-- shop: the shop
-- catalog = *: a catalog's name; * is every one
-- id_template = {variant_id}: how the catalog names items, as in its settings, a country written out
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    -- What was accepted is there until it is deleted, also while a later change waits or is refused.
    accepted AS
    (
        SELECT item_id, argMax(product_id, version) AS of_product FROM product_syncs FINAL
        WHERE shop_id = {shop:String} AND {catalog:String} IN (catalog, '*')
        GROUP BY catalog, item_id
        HAVING argMaxIf(status, version, status IN ('accepted', 'deleted')) = 'accepted'
    ),
    -- An event that names products, where items are variants, means the group of them.
    at_meta AS
    (
        SELECT item_id AS content_id FROM accepted
        UNION DISTINCT
        SELECT of_product FROM accepted WHERE {id_template:String} = '{product_id}'
    )
SELECT
    name,
    count() AS products_named,
    countIf(content_id = '') AS without_id,
    countIf(content_id IN (SELECT content_id FROM at_meta)) AS matched,
    round(matched / products_named, 4) AS match_rate,
    uniqExactIf(content_id, content_id != '' AND content_id NOT IN (SELECT content_id FROM at_meta)) AS ids_not_at_meta,
    arraySlice(arraySort(groupUniqArrayIf(content_id, content_id != '' AND content_id NOT IN (SELECT content_id FROM at_meta))), 1, 3) AS such_as
FROM
(
    SELECT
        name,
        if(({id_template:String} LIKE '%{product_id}%' AND items.product_id = '')
            OR ({id_template:String} LIKE '%{variant_id}%' AND items.variant_id = '')
            OR ({id_template:String} LIKE '%{sku}%' AND items.sku = ''), '',
            replaceAll(replaceAll(replaceAll({id_template:String}, '{product_id}', items.product_id), '{variant_id}', items.variant_id), '{sku}', items.sku)) AS content_id
    FROM events FINAL
    ARRAY JOIN items
    WHERE shop_id = {shop:String}
      AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
)
GROUP BY name
ORDER BY products_named DESC, name
