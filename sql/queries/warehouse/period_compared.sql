-- The periods that each period is read for (`near`): itself, the one after it, the one a year later. A year to date is
-- held against the one before at which the indicator has figures: of quarterly forms, the last quarter's end.
INSERT INTO dim.period_compared
SELECT DISTINCT p.period_type, n.near, t.shortest_period, p.period, b.previous_period, p.year_ago_period
FROM (VALUES ('month'), ('quarter'), ('half'), ('year')) AS t (shortest_period)
CROSS JOIN dim.period AS p
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN p.period_type <> 'ytd' OR t.shortest_period = 'month' THEN p.previous_period
            WHEN t.shortest_period = 'quarter' THEN p.previous_quarter
            WHEN t.shortest_period = 'half' THEN p.previous_half
        END AS previous_period
) AS b
CROSS JOIN LATERAL (VALUES (p.period), (b.previous_period), (p.year_ago_period)) AS n (near)
WHERE n.near IS NOT NULL
