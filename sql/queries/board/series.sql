-- One indicator's figures of some units in all periods of one type (or in these), each with the period before and the
-- year before, as mart.indicator_comparison takes them: no change across a series break.
WITH shown AS MATERIALIZED (
    SELECT *
    FROM ({{figures}}) AS x
    WHERE x.indicator_code = :indicator AND x.period_type = :type AND x.org_code = ANY(CAST(:units AS text[]))
)
SELECT
    v.indicator_code, i.name_zh, i.name_en, i.unit, i.direction,
    v.org_code, coalesce(o.name, v.org_code) AS org_name, v.org_level, v.period, v.period_type, d.last_month,
    v.numerator, v.denominator, v.value, v.target,
    v.expected_units, v.reported_units, v.reporting_rate,
    v.obs_status, s.name_zh AS obs_status_zh, s.name_en AS obs_status_en,
    v.is_corrected, v.has_warning, v.is_closed, v.definition_version, v.built_at,
    e.before AS previous_period,
    b.value AS previous_value,
    coalesce(v.definition_version > b.definition_version, false) AS is_series_break,
    CASE WHEN v.definition_version = b.definition_version THEN v.value - b.value END AS change,
    d.year_ago_period,
    y.value AS year_ago_value,
    CASE WHEN v.definition_version = y.definition_version THEN v.value - y.value END AS year_change
FROM shown AS v
JOIN ({{dictionary}}) AS i USING (indicator_code)
LEFT JOIN dim.org_unit AS o USING (org_code)
JOIN dim.obs_status AS s USING (obs_status)
JOIN dim.period AS d ON d.period = v.period AND d.period_type = v.period_type
LEFT JOIN dim.indicator AS n USING (indicator_code)
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN v.period_type <> 'ytd' OR n.shortest_period = 'month' THEN d.previous_period
            WHEN n.shortest_period = 'quarter' THEN d.previous_quarter
        END AS before
) AS e
LEFT JOIN shown AS b ON b.org_code = v.org_code AND b.period = e.before
LEFT JOIN shown AS y ON y.org_code = v.org_code AND y.period = d.year_ago_period
WHERE cardinality(CAST(:periods AS text[])) = 0 OR v.period = ANY(CAST(:periods AS text[]))
ORDER BY o.sort_order, d.last_month
