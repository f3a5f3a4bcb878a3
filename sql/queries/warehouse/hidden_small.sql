-- Villages with a figure that a rule of suppression hides and that was shown, and the figures' years: the table
-- `found`.
CREATE TEMP TABLE {{found}} ON COMMIT DROP AS
SELECT DISTINCT p.year, t.org_code
FROM {{table}} AS t
JOIN dim.period AS p ON (p.period, p.period_type) = (t.period, t.period_type)
WHERE
    t.org_level = 'village'
    AND t.{{h}} IS NOT TRUE
    AND (
        (t.{{n}} > 0 AND t.{{n}} < :threshold)
        OR (:all_or_none AND t.{{d}} > 0 AND t.{{n}} IN (0, t.{{d}}))
    )
