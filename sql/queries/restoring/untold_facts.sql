-- Facts that were loaded from rows of no verdict. A report that says that nothing changed has no rows of its own.
SELECT f.form, f.period, f.county_code, f.revision
FROM ops.fact_load AS f
WHERE NOT EXISTS (
    SELECT FROM ops.submission AS s
    WHERE (s.form, s.period, s.county_code) = (f.form, f.period, f.county_code)
        AND (s.rows_hash = f.rows_hash OR s.is_unchanged)
)
ORDER BY f.form, f.period, f.county_code
