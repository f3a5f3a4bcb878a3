-- The period that a figure is compared with: the one before of its type. A year to date is compared within its year,
-- and where its reports are quarterly with the quarter before.
SELECT CASE
    WHEN p.period_type <> 'ytd' OR i.shortest_period = 'month' THEN p.previous_period
    WHEN i.shortest_period = 'quarter' THEN p.previous_quarter
END AS period_before
FROM dim.period AS p
JOIN dim.indicator AS i ON i.indicator_code = :indicator
WHERE p.period = :period AND p.period_type = :type
