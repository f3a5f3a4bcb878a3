-- Figures of every unit on today's tree: restated where lineage touches a unit (`elsewhere`), else as they are.
SELECT
    indicator_code, org_code, org_level, period, period_type, numerator, denominator, value, target,
    expected_units, reported_units, reporting_rate, obs_status, is_corrected, has_warning, is_closed,
    definition_version, built_at
FROM mart.indicator_value_restated
UNION ALL
SELECT
    indicator_code, org_code, org_level, period, period_type, numerator, denominator, value, target,
    expected_units, reported_units, reporting_rate, obs_status, is_corrected, has_warning, is_closed,
    definition_version, built_at
FROM mart.indicator_value
WHERE org_code <> ALL(CAST(:elsewhere AS text[]))
