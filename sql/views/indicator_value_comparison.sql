-- A figure beside those it is compared with: the period before, the same period a year before, its siblings. The only
-- source is mart.indicator_value, so that figures hidden there are hidden here. It is read once, as the planner handles
-- joins of so wide a view with itself badly. Only a filter by indicator is faster than reading everything.
CREATE VIEW mart.indicator_comparison AS
SELECT
    v.indicator_code,
    v.org_code,
    v.org_level,
    v.period,
    v.period_type,
    v.period_start,
    v.period_end,
    v.value,
    v.reporting_rate,
    v.obs_status,
    v.previous_period,
    v.previous_value,
    -- no change across a series break: the figure before has another definition
    CASE WHEN NOT v.is_series_break THEN v.value - v.previous_value END AS change,
    -- not for shares, whose `change` is in percentage points; and there is no percentage of 0 or less
    CASE WHEN v.unit <> 'percent' AND v.previous_value > 0 AND NOT v.is_series_break
        THEN mart.ratio(100, v.value - v.previous_value, v.previous_value)
    END AS change_percent,
    v.year_ago_period,
    v.year_ago_value,
    CASE WHEN v.year_ago_version = v.definition_version THEN v.value - v.year_ago_value END AS year_change,
    CASE WHEN v.unit <> 'percent' AND v.year_ago_value > 0 AND v.year_ago_version = v.definition_version
        THEN mart.ratio(100, v.value - v.year_ago_value, v.year_ago_value)
    END AS year_change_percent,
    CASE WHEN v.is_ranked THEN v.place END AS rank,
    CASE WHEN v.direction <> 'none' AND v.parent_code IS NOT NULL THEN v.places END AS ranked_units,
    v.definition_version,
    v.is_series_break
FROM (
    SELECT
        s.*,
        CASE WHEN s.previous_period IS NOT NULL THEN
            CASE
                WHEN s.period_type = 'year' THEN max(s.value) OVER a_year_before
                WHEN 'half' IN (s.period_type, s.shortest_period) THEN max(s.value) OVER a_half_before
                WHEN 'quarter' IN (s.period_type, s.shortest_period) THEN max(s.value) OVER a_quarter_before
                ELSE max(s.value) OVER a_month_before
            END
        END AS previous_value,
        max(s.value) OVER a_year_before AS year_ago_value,
        s.previous_period IS NOT NULL AND s.definition_version > coalesce(
            CASE
                WHEN s.period_type = 'year' THEN max(s.definition_version) OVER a_year_before
                WHEN 'half' IN (s.period_type, s.shortest_period) THEN max(s.definition_version) OVER a_half_before
                WHEN 'quarter' IN (s.period_type, s.shortest_period)
                    THEN max(s.definition_version) OVER a_quarter_before
                ELSE max(s.definition_version) OVER a_month_before
            END,
            s.definition_version
        ) AS is_series_break,
        max(s.definition_version) OVER a_year_before AS year_ago_version,
        rank() OVER (
            PARTITION BY s.indicator_code, s.period_type, s.period, s.parent_code, s.is_ranked
            ORDER BY CASE s.direction WHEN 'down' THEN -s.value ELSE s.value END DESC
        ) AS place,
        count(*) FILTER (WHERE s.is_ranked) OVER (
            PARTITION BY s.indicator_code, s.period_type, s.period, s.parent_code
        ) AS places
    FROM (
        SELECT
            w.*,
            u.parent_code,
            i.unit,
            i.direction,
            i.shortest_period,
            e.month_number,
            e.year_ago_period,
            CASE
                WHEN w.period_type <> 'ytd' OR i.shortest_period = 'month' THEN e.previous_period
                WHEN i.shortest_period = 'quarter' THEN e.previous_quarter
                WHEN i.shortest_period = 'half' THEN e.previous_half
            END AS previous_period,
            coalesce(
                i.direction <> 'none' AND w.value IS NOT NULL AND w.reporting_rate >= 90
                AND u.parent_code IS NOT NULL,
                false
            ) AS is_ranked
        FROM mart.indicator_value AS w
        JOIN dim.indicator AS i ON i.indicator_code = w.indicator_code
        JOIN dim.org_unit AS u ON u.org_code = w.org_code
        JOIN dim.period AS e ON e.period = w.period AND e.period_type = w.period_type
    ) AS s
    WINDOW
        a_month_before AS (
            PARTITION BY s.indicator_code, s.org_code, s.period_type ORDER BY s.month_number
            RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING
        ),
        a_quarter_before AS (
            PARTITION BY s.indicator_code, s.org_code, s.period_type ORDER BY s.month_number
            RANGE BETWEEN 3 PRECEDING AND 3 PRECEDING
        ),
        a_half_before AS (
            PARTITION BY s.indicator_code, s.org_code, s.period_type ORDER BY s.month_number
            RANGE BETWEEN 6 PRECEDING AND 6 PRECEDING
        ),
        a_year_before AS (
            PARTITION BY s.indicator_code, s.org_code, s.period_type ORDER BY s.month_number
            RANGE BETWEEN 12 PRECEDING AND 12 PRECEDING
        )
) AS v;
