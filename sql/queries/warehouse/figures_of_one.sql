-- One indicator's figures of a result table, each a row. Hidden sides are NULL here, where all views begin, so that no
-- view can show them. A plain SELECT from one table: the planner sees through it, can use an index for a join, and
-- reads no other table for this indicator.
SELECT
    '{{code}}' AS indicator_code,
    '{{table}}'::text AS calc_table,
    org_code,
    org_level,
    period,
    period_type,
    {{numerator}} AS numerator,
    {{denominator}} AS denominator,
    {{is_hidden}} AS is_hidden,
    expected_units,
    reported_units,
    k__{{code}} AS units_lacking,
    w__{{code}} AS units_warned,
    c__{{code}} AS units_corrected,
    built_from,
    built_to
FROM calc.{{table}}
