-- A dataset of BI tools: figures of the groups of units, ratios of sums over their members whose figure is shown.
SELECT
    g.group_code, g.name_zh AS group_zh, i.aspect_code, i.aspect_zh, i.indicator_code, i.name_zh AS indicator_zh,
    i.unit, i.direction, i.headline = g.period_type AS is_headline, i.sort_order,
    g.period, g.period_type, g.period_start, g.period_end, g.numerator, g.denominator, g.value,
    g.expected_units, g.reported_units, g.reporting_rate, g.units AS group_units, g.units_hidden
FROM mart.indicator_value_of_group AS g
JOIN mart.indicator AS i ON i.indicator_code = g.indicator_code
