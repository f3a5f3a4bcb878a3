-- Corrections of rows, and of fields that an indicator reads, at or beneath a unit, in the figure's period; those of a
-- year-to-date field also in the period just before, as its amount is a difference.
WITH lay AS ({{beneath}})
SELECT x.*
FROM mart.correction AS x
JOIN dim.form AS f USING (form)
JOIN dim.period AS p ON p.period = x.period AND p.period_type = f.period_type
JOIN dim.period AS whole ON whole.period = :period AND whole.period_type = :type
JOIN dim.field AS d ON d.form = x.form AND d.field = x.field
JOIN dim.org_unit AS u ON u.org_code = x.org_code
WHERE
    x.form = ANY(:forms) AND x.state <> 'waiting'
    AND x.org_code IN (SELECT lay.org_code FROM lay)
    AND (
        x.action = 'leave_out'
        OR EXISTS (
            SELECT FROM dim.indicator_field AS i
            WHERE (i.indicator_code, i.form, i.field) = (:indicator, x.form, x.field)
        )
    )
    AND (
        (p.period_start >= whole.period_start AND p.period_end <= whole.period_end)
        OR (d.kind = 'ytd' AND p.period_end = whole.period_start - 1 AND p.year = whole.year)
    )
ORDER BY x.form, x.period, u.sort_order, x.field
