-- Groups of units, a row a member.
CREATE VIEW mart.org_group AS
SELECT
    g.group_code,
    g.name_zh,
    g.name_en,
    m.org_code,
    u.org_level,
    u.name,
    g.sort_order
FROM dim.org_group AS g
JOIN dim.org_group_member AS m ON m.group_code = g.group_code
JOIN dim.org_unit AS u ON u.org_code = m.org_code;

-- The figures of groups: a ratio of sums over the members whose figure is shown, never an average of their values.
-- What is hidden at a member is in no sum.
CREATE VIEW mart.indicator_value_of_group AS
SELECT
    g.group_code,
    g.name_zh,
    g.name_en,
    v.indicator_code,
    v.period,
    v.period_type,
    v.period_start,
    v.period_end,
    sum(v.numerator) AS numerator,
    sum(v.denominator) AS denominator,
    mart.ratio(i.factor, sum(v.numerator), sum(v.denominator)) AS value,
    sum(v.expected_units)::bigint AS expected_units,
    sum(v.reported_units)::bigint AS reported_units,
    mart.ratio(100, sum(v.reported_units), sum(v.expected_units)) AS reporting_rate,
    count(*) AS units,
    count(*) FILTER (WHERE v.obs_status = 'Q') AS units_hidden
FROM mart.org_group AS g
JOIN mart.indicator_value AS v ON v.org_code = g.org_code
JOIN dim.indicator AS i ON i.indicator_code = v.indicator_code
GROUP BY
    g.group_code, g.name_zh, g.name_en, v.indicator_code, v.period, v.period_type, v.period_start, v.period_end,
    i.factor;
