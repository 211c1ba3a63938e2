-- How often are products looked at, carted and bought that Meta refused, has not answered for, or that are sold out?
-- shop: the shop
-- catalog = *: a catalog's name; * is every one
-- id_template = {variant_id}: how the catalog names items, as in its settings, a country written out
-- stale_minutes = 60 (1 to 100000): an item that waits longer for Meta's answer is stale
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 50 (1 to 100000): how many items, the most looked at first
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    said AS
    (
        SELECT
            item_id,
            multiIf(
                countIf(status = 'rejected') > 0, 'rejected',
                countIf(status IN ('skipped', 'deleted')) > 0, 'not listed',
                countIf(status = 'pending' AND sent_at < ends - toIntervalMinute({stale_minutes:UInt32})) > 0, 'stale',
                '') AS trouble,
            anyIf(reason, reason != '') AS why
        FROM product_syncs_now
        WHERE shop_id = {shop:String} AND {catalog:String} IN (catalog, '*')
        GROUP BY item_id
    ),
    levels AS
    (
        SELECT inventory_item_id, sum(level) AS in_stock
        FROM
        (
            SELECT inventory_item_id, location_id, argMax(tuple(available), changed_at).1 AS level
            FROM inventory_levels WHERE shop_id = {shop:String} GROUP BY inventory_item_id, location_id
        )
        GROUP BY inventory_item_id
    ),
    -- A product whose parent is the item is sold out when each of its variants is; what is not counted never is.
    stock AS
    (
        SELECT
            replaceAll(replaceAll(replaceAll({id_template:String}, '{product_id}', product_id), '{variant_id}', variant_id), '{sku}', sku) AS item_id,
            min(ifNull(if(levels.inventory_item_id != '', in_stock, inventory_quantity) <= 0, 0)) AS sold_out
        FROM products_now
        LEFT JOIN levels ON products_now.inventory_item_id = levels.inventory_item_id
        WHERE shop_id = {shop:String}
        GROUP BY item_id
    ),
    did AS
    (
        SELECT
            replaceAll(replaceAll(replaceAll({id_template:String}, '{product_id}', items.product_id), '{variant_id}', items.variant_id), '{sku}', items.sku) AS item_id,
            items.product_id AS product_id,
            items.title AS title,
            items.quantity AS quantity,
            map(currency, toDecimal128(ifNull(items.price, 0), 4) * items.quantity) AS money,
            name,
            occurred_at,
            event_id
        FROM events FINAL
        ARRAY JOIN items
        WHERE shop_id = {shop:String} AND name IN ('product_viewed', 'product_added_to_cart', 'purchase')
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
    )
SELECT
    multiIf(trouble != '', trouble, sold_out, 'sold out', '') AS state,
    did.item_id AS item_id,
    any(did.product_id) AS product_id,
    argMaxIf(title, (occurred_at, event_id), title != '') AS product_title,
    any(why) AS reason,
    countIf(name = 'product_viewed') AS views,
    countIf(name = 'product_added_to_cart') AS carts,
    sumIf(quantity, name = 'purchase') AS units_bought,
    sumMapIf(money, name = 'product_added_to_cart') AS carted,
    sumMapIf(money, name = 'purchase') AS revenue
FROM did
LEFT JOIN said ON did.item_id = said.item_id
LEFT JOIN stock ON did.item_id = stock.item_id
WHERE state != ''
GROUP BY state, item_id
ORDER BY views DESC, carts DESC, item_id
LIMIT {top:UInt32}
