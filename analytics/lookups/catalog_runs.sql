-- How does the last run of each kind over each catalog stand?
-- shop: the shop
SELECT
    catalog, kind, job_id, trigger, state, started_at, updated_at, finished_at, next_at, done, total, calls,
    accepted, rejected, deleted, skipped, orphans, repaired, failure, detail, quota_percent
FROM sync_jobs FINAL
WHERE shop_id = {shop:String}
ORDER BY catalog, started_at DESC, version DESC
LIMIT 1 BY catalog, kind
