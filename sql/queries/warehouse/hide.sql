-- Hides what `hiding` says, at every moment.
UPDATE {{table}} AS t SET {{h}} = true
FROM (
    SELECT k.year, b.org_code
    FROM hiding AS k
    JOIN beneath AS b USING (unit)
    UNION
    SELECT year, unit
    FROM hiding
    WHERE itself
) AS k,
dim.period AS p
WHERE
    (p.period, p.period_type) = (t.period, t.period_type)
    AND (k.year, k.org_code) = (p.year, t.org_code)
    AND t.{{h}} IS NOT TRUE
    AND coalesce(t.{{n}}, t.{{d}}) IS NOT NULL
