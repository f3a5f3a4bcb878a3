-- For each indicator, the period and period type that are its headline in a month. `since` is the month 11 before it.
--   headline                                    period
--   month, or year to date of monthly forms     that very month
--   longer, or year to date of longer forms     the last within a year that has figures (a quarter has them once due)
-- The figures of units at the top (`tops`: their levels) tell, as every indicator is made there.
SELECT DISTINCT ON (x.indicator_code) x.indicator_code, x.period, x.period_type
FROM ({{figures}}) AS x
JOIN ({{dictionary}}) AS h ON h.indicator_code = x.indicator_code AND h.headline = x.period_type
JOIN dim.period AS p ON p.period = x.period AND p.period_type = x.period_type
WHERE
    x.org_level = ANY(CAST(:tops AS text[]))
    AND (
        p.last_month = :period
        OR (
            p.last_month BETWEEN :since AND :period
            AND (h.headline IN ('quarter', 'half') OR h.shortest_period <> 'month')
        )
    )
ORDER BY x.indicator_code, p.last_month DESC
