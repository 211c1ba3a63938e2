-- How soon does Meta accept what the shop changes, and how much of what it is sent, day by day?
-- shop: the shop
-- catalog = *: a catalog's name; * is every one
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    verdicts AS
    (
        SELECT * FROM product_syncs FINAL
        WHERE shop_id = {shop:String} AND {catalog:String} IN (catalog, '*')
          AND status IN ('accepted', 'deleted', 'rejected') AND method != ''
          AND told_at >= ends - toIntervalDay({days:UInt16}) AND told_at < ends
        -- After a crash a verdict may be asked for, and told, again.
        ORDER BY version
        LIMIT 1 BY catalog, item_id, changed_at, method, attempts, status
    ),
    -- What a pull or a file brings was changed long before: it counts from when we were told.
    heard AS
    (
        SELECT product_id, changed_at, min(received_at) AS heard_at FROM products
        WHERE shop_id = {shop:String} AND (product_id, changed_at) IN (SELECT product_id, changed_at FROM verdicts)
        GROUP BY product_id, changed_at
    )
SELECT
    toDate(told_at, {time_zone:String}) AS day,
    catalog,
    countIf(status = 'accepted') AS items_accepted,
    countIf(status = 'deleted') AS items_deleted,
    countIf(status = 'rejected') AS items_rejected,
    countIf(status = 'accepted' AND notEmpty(warnings)) AS with_warnings,
    round(1 - items_rejected / count(), 4) AS success,
    countIf(is_timed) AS changes_timed,
    if(changes_timed = 0, NULL, round(quantileExactInclusiveIf(0.5)(took_ms, is_timed) / 1000, 1)) AS p50_seconds,
    if(changes_timed = 0, NULL, round(quantileExactInclusiveIf(0.95)(took_ms, is_timed) / 1000, 1)) AS p95_seconds
FROM
(
    SELECT
        verdicts.*,
        if(heard_at > changed_at + toIntervalHour(1), heard_at, changed_at) AS began_at,
        dateDiff('millisecond', began_at, told_at) AS took_ms,
        -- What a run sends may have changed long before it: only what changed since is timed.
        status = 'accepted' AND (job_id = '' OR (run_began_at > toDateTime64(0, 3) AND began_at >= run_began_at)) AS is_timed
    FROM verdicts
    LEFT JOIN heard USING (product_id, changed_at)
    LEFT JOIN
    (
        SELECT job_id, started_at AS run_began_at FROM sync_jobs FINAL WHERE shop_id = {shop:String}
    ) AS runs USING (job_id)
)
GROUP BY day, catalog
ORDER BY day DESC, catalog
