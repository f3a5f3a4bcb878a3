-- Figures of some units that lie far from the unit's own last twelve values, in a period or (NULL) in all, the latest
-- and farthest first.
SELECT x.*, i.name_zh, i.name_en, i.unit, o.name AS org_name
FROM mart.indicator_outlier AS x
JOIN dim.indicator AS i USING (indicator_code)
JOIN dim.org_unit AS o USING (org_code)
WHERE
    x.is_outlier
    AND x.org_code = ANY(CAST(:units AS text[]))
    AND (CAST(:period AS text) IS NULL OR x.period = :period)
ORDER BY x.period_end DESC, abs(x.score) DESC, i.sort_order, o.sort_order
LIMIT :most
