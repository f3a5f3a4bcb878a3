-- Periods in which what is current differs from what the facts show.
-- A submission that says 无变动 has the rows that it repeats: those that were loaded for it.
SELECT DISTINCT period
FROM (
    SELECT form, period, county_code, rows_hash, revision, true AS is_there
    FROM ops.submission
    WHERE is_current AND NOT is_unchanged
    UNION ALL
    SELECT form, period, county_code, l.rows_hash, s.revision, true
    FROM ops.submission AS s
    LEFT JOIN ops.fact_load AS l USING (form, period, county_code)
    WHERE s.is_current AND s.is_unchanged
) AS s
FULL JOIN ops.fact_load AS f USING (form, period, county_code, rows_hash, revision)
WHERE s.is_there IS NULL OR f.build_id IS NULL
