-- Figures of some units (`units`) in the columns of figures/values, each with the period before and the year before, as
-- mart.indicator_comparison takes them: no change across a series break.
--   figures      rows as mart.indicator_value has them
--   dictionary   indicators: indicator_code, name_zh, name_en, unit, direction, sort_order
--   read         a condition on x: what is read, with the periods that others are held against
--   chosen       a condition on v: what is shown of it; it may ask `shown`
-- They are read once and no figure is looked up in the others, as the planner takes what is read for one row.
WITH shown AS MATERIALIZED (
    SELECT
        x.*, d.last_month, d.month_number, d.year_ago_period, n.aspect_code,
        CASE
            WHEN x.period_type <> 'ytd' OR n.shortest_period = 'month' THEN d.previous_period
            WHEN n.shortest_period = 'quarter' THEN d.previous_quarter
            WHEN n.shortest_period = 'half' THEN d.previous_half
        END AS previous_period,
        CASE
            WHEN x.period_type = 'year' THEN 12
            WHEN 'half' IN (x.period_type, n.shortest_period) THEN 6
            WHEN 'quarter' IN (x.period_type, n.shortest_period) THEN 3
            ELSE 1
        END AS step
    FROM ({{figures}}) AS x
    JOIN dim.period AS d ON d.period = x.period AND d.period_type = x.period_type
    LEFT JOIN dim.indicator AS n ON n.indicator_code = x.indicator_code
    WHERE x.org_code = ANY(CAST(:units AS text[])) AND ({{read}})
),
beside AS MATERIALIZED (
    SELECT
        s.*,
        CASE WHEN s.previous_period IS NOT NULL THEN max(s.value) OVER before END AS previous_value,
        CASE WHEN s.previous_period IS NOT NULL THEN max(s.definition_version) OVER before END AS previous_version,
        max(s.value) OVER year_before AS year_ago_value,
        max(s.definition_version) OVER year_before AS year_ago_version
    FROM shown AS s
    WINDOW
        before AS (
            PARTITION BY s.indicator_code, s.org_code, s.period_type ORDER BY s.month_number / s.step
            RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING
        ),
        year_before AS (
            PARTITION BY s.indicator_code, s.org_code, s.period_type ORDER BY s.month_number
            RANGE BETWEEN 12 PRECEDING AND 12 PRECEDING
        )
)
SELECT
    i.indicator_code, i.name_zh, i.name_en, i.unit, i.direction, v.aspect_code,
    v.org_code, coalesce(o.name, v.org_code) AS org_name, v.org_level,
    v.period, v.period_type, v.last_month, v.numerator, v.denominator, v.value, v.target,
    v.expected_units, v.reported_units, v.reporting_rate,
    v.obs_status, c.name_zh AS obs_status_zh, c.name_en AS obs_status_en,
    v.is_corrected, v.has_warning, v.is_closed, v.definition_version, v.built_at,
    v.previous_period, v.previous_value,
    coalesce(v.definition_version > v.previous_version, false) AS is_series_break,
    CASE WHEN v.definition_version <= coalesce(v.previous_version, v.definition_version)
        THEN v.value - v.previous_value
    END AS change,
    v.year_ago_period, v.year_ago_value,
    CASE WHEN v.definition_version = v.year_ago_version THEN v.value - v.year_ago_value END AS year_change
FROM beside AS v
JOIN ({{dictionary}}) AS i USING (indicator_code)
LEFT JOIN dim.org_unit AS o USING (org_code)
JOIN dim.obs_status AS c USING (obs_status)
WHERE ({{chosen}}) AND (o.org_code IS NOT NULL OR :with_past_units)
ORDER BY i.sort_order NULLS LAST, i.indicator_code, o.sort_order, v.period_type, v.month_number
