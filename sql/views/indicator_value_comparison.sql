-- A figure beside those it is compared with: the period before, the same period a year before, its siblings. The only
-- source is mart.indicator_value, so that figures hidden there are hidden here. A figure is read up to three times: as
-- itself, as the one before the next, and as that of a year before (dim.period_compared). So a filter by indicator,
-- period type, period or level reaches the tables; one by unit alone does not, because of the ranks.
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
        r.*,
        rank() OVER (
            PARTITION BY r.indicator_code, r.period_type, r.period, r.org_level, r.parent_code, r.is_ranked
            ORDER BY CASE r.direction WHEN 'down' THEN -r.value ELSE r.value END DESC
        ) AS place,
        count(*) FILTER (WHERE r.is_ranked) OVER (
            PARTITION BY r.indicator_code, r.period_type, r.period, r.org_level, r.parent_code
        ) AS places
    FROM (
        SELECT
            s.*,
            p.period_start,
            p.period_end,
            u.parent_code,
            i.unit,
            i.direction,
            s.previous_period IS NOT NULL
            AND s.definition_version > coalesce(s.previous_version, s.definition_version) AS is_series_break,
            coalesce(
                i.direction <> 'none' AND s.value IS NOT NULL AND s.reporting_rate >= 90
                AND u.parent_code IS NOT NULL,
                false
            ) AS is_ranked
        FROM (
            SELECT
                w.indicator_code,
                w.org_code,
                w.org_level,
                w.period_type,
                e.period,
                e.previous_period,
                e.year_ago_period,
                max(w.value) FILTER (WHERE w.period = e.period) AS value,
                max(w.reporting_rate) FILTER (WHERE w.period = e.period) AS reporting_rate,
                max(w.obs_status) FILTER (WHERE w.period = e.period) AS obs_status,
                max(w.definition_version) FILTER (WHERE w.period = e.period) AS definition_version,
                max(w.value) FILTER (WHERE w.period = e.previous_period) AS previous_value,
                max(w.definition_version) FILTER (WHERE w.period = e.previous_period) AS previous_version,
                max(w.value) FILTER (WHERE w.period = e.year_ago_period) AS year_ago_value,
                max(w.definition_version) FILTER (WHERE w.period = e.year_ago_period) AS year_ago_version
            FROM mart.indicator_value AS w
            JOIN dim.indicator AS k ON k.indicator_code = w.indicator_code
            JOIN dim.period_compared AS e
                ON
                    e.shortest_period = k.shortest_period
                    AND e.period_type = w.period_type
                    AND e.near = w.period
            GROUP BY
                w.indicator_code,
                w.org_code,
                w.org_level,
                w.period_type,
                e.period,
                e.previous_period,
                e.year_ago_period
            HAVING bool_or(w.period = e.period)
        ) AS s
        JOIN dim.indicator AS i ON i.indicator_code = s.indicator_code
        JOIN dim.period AS p ON p.period = s.period AND p.period_type = s.period_type
        -- its siblings are those that it had at the period's end, as its figure is; of one that had ended, at its own
        CROSS JOIN LATERAL (
            SELECT o.parent_code FROM dim.org_unit_version AS o
            WHERE o.org_code = s.org_code AND (o.valid_from IS NULL OR o.valid_from <= p.period_end)
            ORDER BY o.version DESC
            LIMIT 1
        ) AS u
    ) AS r
) AS v;
