-- Why a figure changed, within each of some stretches of time (`number`): from `sinces` to `untils`.
SELECT s.number, r.*
FROM unnest(CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[])) WITH ORDINALITY AS s (since, until, number)
CROSS JOIN LATERAL mart.indicator_reason(:indicator, :org, :period, :type, s.since, s.until) AS r
ORDER BY s.number, r.built_at, r.form, r.period, r.county_code
