-- Everything the warehouse ever showed: a row a figure and definition. A figure was shown from the moment at which it
-- was built and so defined until it was built or defined anew. The inner rows come from calc.*, including those of
-- indicators that have left the catalogue. Nearly all rows meet the conditions within CASE: of a CASE the planner
-- assumes that half do. Of the bare comparisons it assumes that hardly any do, and takes a loop for views on this one.
CREATE VIEW mart.indicator_value_history AS
SELECT
    v.indicator_code,
    v.org_code,
    v.org_level,
    v.period,
    v.period_type,
    p.period_start,
    p.period_end,
    v.numerator,
    v.denominator,
    mart.ratio(i.factor, v.numerator, v.denominator) AS value,
    (i.targets ->> p.year::text)::numeric AS target,
    v.expected_units,
    v.reported_units,
    mart.ratio(100, v.reported_units, v.expected_units) AS reporting_rate,
    mart.obs_status(
        v.is_hidden, v.expected_units, v.reported_units, v.numerator, v.denominator, v.units_lacking
    ) AS obs_status,
    coalesce(v.units_corrected, 0) > 0 AS is_corrected,
    coalesce(v.units_warned, 0) > 0 AS has_warning,
    coalesce(v.units_lacking, 0)::bigint AS units_lacking,
    i.version AS definition_version,
    v.built_from,
    v.built_to,
    i.defined_from,
    i.defined_to
FROM (
    {{values}}
) AS v
JOIN dim.indicator_history AS i
    ON
        i.indicator_code = v.indicator_code
        AND CASE
            WHEN i.calc_table = v.calc_table
                THEN
                    i.defined_from < coalesce(v.built_to, 'infinity')
                    AND v.built_from < coalesce(i.defined_to, 'infinity')
        END
JOIN dim.period AS p
    ON
        p.period = v.period
        AND p.period_type = v.period_type
        AND CASE WHEN p.last_month >= i.first_month THEN p.last_month <= i.last_month END
-- figures of restricted fields are shown from county up only
WHERE NOT i.is_restricted OR v.org_level IN ('city', 'county');

-- The figures that hold now. The placeholder is the list of columns that all views of figures share (FIGURE in
-- qiangji/warehouse/views.py).
CREATE VIEW mart.indicator_value AS
SELECT
    {{figure}},
    coalesce(u.due_at <= now(), true) AS is_closed,
    h.definition_version,
    h.built_from AS built_at
FROM mart.indicator_value_history AS h
LEFT JOIN dim.indicator_due AS u
    ON u.indicator_code = h.indicator_code AND u.period = h.period AND u.period_type = h.period_type
WHERE h.built_to IS NULL AND h.defined_to IS NULL;

-- The figures as mart.indicator_value showed them at a moment, with the factors, targets and due dates of that moment.
-- For a moment that is written without an offset, see qiangji/warehouse/moments.py.
CREATE FUNCTION mart.indicator_value_as_of(moment timestamptz) RETURNS SETOF mart.indicator_value
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        {{figure}},
        coalesce(
            -- looked up by its key: a join is planned for one figure, and may then read all due dates for each
            (
                SELECT u.due_at FROM dim.indicator_due_history AS u
                WHERE
                    u.indicator_code = h.indicator_code AND u.period = h.period AND u.period_type = h.period_type
                    AND u.defined_from <= moment AND (u.defined_to IS NULL OR u.defined_to > moment)
            ) <= moment,
            true
        ) AS is_closed,
        h.definition_version,
        h.built_from AS built_at
    FROM mart.indicator_value_history AS h
    WHERE
        mart.is_past(moment)
        AND h.built_from <= moment AND (h.built_to IS NULL OR h.built_to > moment)
        AND h.defined_from <= moment AND (h.defined_to IS NULL OR h.defined_to > moment);
END;
COMMENT ON FUNCTION mart.indicator_value_as_of(timestamptz) IS
    '某一时刻所显示的指标值 / indicator values as they were shown at a moment';
COMMENT ON FUNCTION mart.ratio IS
    '系数×分子÷分母，精确计算后四舍五入一次；分母为0则为空 / factor x numerator / denominator, exact and rounded once';
COMMENT ON FUNCTION mart.obs_status IS
    '指标值的状态，由应报、已报和缺项单位数得出 / the status of a figure, by the units that were to report and did';
