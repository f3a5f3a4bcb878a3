-- For every month that is built, up to the last with reports, which period each indicator is shown by.
--   headline                                    period
--   month, or year to date of monthly forms     that very month
--   longer, or year to date of longer forms     the last within a year that has figures, as in figures/headlines.sql
WITH top AS (
    -- city; county in a tree of counties that are their own city
    SELECT min(org_level) AS level FROM dim.org_unit WHERE parent_code IS NULL
)
SELECT DISTINCT ON (built.period, x.indicator_code)
    built.period AS month, x.indicator_code, x.period, x.period_type
FROM mart.indicator_value AS x
JOIN mart.indicator AS i ON i.indicator_code = x.indicator_code AND i.headline = x.period_type
JOIN dim.period AS p ON p.period = x.period AND p.period_type = x.period_type
JOIN (
    SELECT DISTINCT d.period, d.month_number
    FROM mart.build AS b
    CROSS JOIN LATERAL unnest(b.months) AS m (period)
    JOIN dim.period AS d ON d.period = m.period AND d.period_type = 'month'
    WHERE d.period <= (
        SELECT max(v.period) FROM mart.indicator_value AS v
        WHERE v.period_type = 'month' AND v.org_level = (SELECT level FROM top) AND v.reported_units > 0
    )
) AS built
    ON
        built.month_number = p.month_number
        OR (
            built.month_number BETWEEN p.month_number AND p.month_number + 11
            AND (i.headline IN ('quarter', 'half') OR i.shortest_period <> 'month')
        )
WHERE x.org_level = (SELECT level FROM top)
ORDER BY built.period, x.indicator_code, p.month_number DESC
