-- How did the runs over the catalogs go, and when comes the next?
-- shop: the shop
-- catalog = *: a catalog's name; * is every one
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 50 (1 to 100000): how many runs, the latest first
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    job_id,
    catalog,
    kind,
    trigger,
    state,
    started_at,
    round(dateDiff('millisecond', started_at, ifNull(finished_at, updated_at)) / 1000, 1) AS took_seconds,
    done,
    total,
    calls,
    accepted,
    rejected,
    deleted,
    skipped,
    orphans,
    repaired,
    round((accepted + deleted) / nullIf(accepted + deleted + rejected, 0), 4) AS success,
    failure,
    detail,
    next_at
FROM sync_jobs FINAL
WHERE shop_id = {shop:String} AND {catalog:String} IN (catalog, '*')
  AND started_at >= ends - toIntervalDay({days:UInt16}) AND started_at < ends
ORDER BY started_at DESC, job_id
LIMIT {top:UInt32}
