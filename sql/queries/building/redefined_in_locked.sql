-- Figures of locked periods that are shown otherwise since the last build, as their indicators were redefined.
SELECT v.period, count(*) AS n
FROM mart.indicator_value AS v
JOIN dim.period AS p ON p.period = v.period AND p.period_type = v.period_type
JOIN unnest(CAST(:starts AS date[]), CAST(:ends AS date[])) AS x (first_day, last_day)
    ON p.period_end BETWEEN x.first_day AND x.last_day AND p.period_start >= x.first_day
WHERE v.indicator_code IN (
    SELECT h.indicator_code
    FROM dim.indicator_history AS h
    WHERE h.defined_to > (SELECT max(b.built_at) FROM ops.build AS b)
)
GROUP BY v.period
ORDER BY v.period
