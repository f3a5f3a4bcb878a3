-- History on today's tree: rows of units that lineage touches and of the units above them. For all other units
-- mart.indicator_value is the same. After a split, sums and even unit-periods can be fractions.
CREATE VIEW mart.indicator_value_restated_history AS
SELECT
    v.indicator_code,
    v.org_code,
    v.org_level,
    v.period,
    v.period_type,
    p.period_start,
    p.period_end,
    trim_scale(v.numerator) AS numerator,
    trim_scale(v.denominator) AS denominator,
    mart.ratio(i.factor, v.numerator, v.denominator) AS value,
    (i.targets ->> p.year::text)::numeric AS target,
    trim_scale(v.expected_units) AS expected_units,
    trim_scale(v.reported_units) AS reported_units,
    mart.ratio(100, v.reported_units, v.expected_units) AS reporting_rate,
    mart.obs_status(
        v.is_hidden, v.expected_units, v.reported_units, v.numerator, v.denominator, v.units_lacking
    ) AS obs_status,
    coalesce(v.units_corrected, 0) > 0 AS is_corrected,
    coalesce(v.units_warned, 0) > 0 AS has_warning,
    i.version AS definition_version,
    v.built_from,
    v.built_to
FROM (
    {{restated_values}}
) AS v
JOIN dim.indicator_history AS i
    ON i.indicator_code = v.indicator_code AND i.calc_table || '__restated' = v.calc_table AND i.defined_to IS NULL
JOIN dim.period AS p
    ON p.period = v.period AND p.period_type = v.period_type AND p.last_month BETWEEN i.first_month AND i.last_month
-- figures of restricted fields are shown from county up only
WHERE NOT i.is_restricted OR v.org_level IN ('city', 'county');

-- The restated figures that hold now, with the columns of mart.indicator_value.
CREATE VIEW mart.indicator_value_restated AS
SELECT
    {{figure}},
    coalesce(u.due_at <= now(), true) AS is_closed,
    h.definition_version,
    h.built_from AS built_at
FROM mart.indicator_value_restated_history AS h
LEFT JOIN dim.indicator_due AS u
    ON u.indicator_code = h.indicator_code AND u.period = h.period AND u.period_type = h.period_type
WHERE h.built_to IS NULL;
