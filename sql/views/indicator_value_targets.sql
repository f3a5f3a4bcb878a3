-- Where a figure stands on its way to the yearly target (illustrative: the plan publishes no figures). Only in the
-- period type of the indicator's headline, which the targets are meant for, and in the years that have a target.
--
-- Months are counted since year 0. Values before an indicator was defined anew are of another series: none counts.
--   baseline  the unit's first value in the years of the plan; for a year to date, the first value of the year
--   path      straight from the baseline to the first yearly target at the end of its December, then straight to each
--             next target; constantly the target where the start is already as good
--   pace      the slope of the least-squares line through the values of the last twelve months (for a year to date: of
--             the year); there have to be three
--   reached   at the end of the later period in which the figure, at that pace, arrives at the target: within ten
--             years, for a year to date within its year; otherwise never
--   progress  in words: at the target, on the path, behind and at that pace in time for the year's target, behind
--   band      green: on the path; yellow: behind by no more than the indicator's tolerance (default: a twentieth of the
--             year's target); red: further behind
CREATE VIEW mart.indicator_target_status AS
WITH target AS (
    SELECT
        indicator_code,
        year,
        target,
        lag(year) OVER (PARTITION BY indicator_code ORDER BY year) AS year_before,
        lag(target) OVER (PARTITION BY indicator_code ORDER BY year) AS target_before
    FROM dim.indicator_target
),
plan AS (
    SELECT indicator_code, min(year) AS first_year, max(year) AS last_year FROM dim.indicator_target GROUP BY 1
)
SELECT
    s.indicator_code,
    s.org_code,
    s.org_level,
    s.period,
    s.period_type,
    s.period_start,
    s.period_end,
    s.value,
    s.reporting_rate,
    s.obs_status,
    t.target,
    b.period AS baseline_period,
    s.first_one[2] AS baseline,
    w.path,
    -- above 0: ahead, whichever direction is better
    s.sign * (s.value - w.path) AS gap,
    s.value * s.sign >= w.path * s.sign AS is_on_path,
    n.is_reached,
    s.points,
    round(n.pace, 6) AS pace,
    CASE WHEN n.months_left <= CASE s.period_type WHEN 'ytd' THEN c.months_in_year ELSE 120 END
        THEN (
            make_date(s.year, 1, 1) + make_interval(months => s.month + n.months_left::integer - 12 * s.year)
        )::date - 1
    END AS reached_by,
    c.band,
    c.progress,
    g.name_zh AS progress_zh,
    g.name_en AS progress_en
FROM (
    SELECT
        v.*,
        -- the least of (month, value) is the first month's
        min(ARRAY[v.month, v.value]) FILTER (WHERE v.value IS NOT NULL) OVER so_far AS first_one,
        count(v.value) OVER recent AS points,
        sum(v.month) FILTER (WHERE v.value IS NOT NULL) OVER recent AS sum_x,
        sum(v.month * v.month) FILTER (WHERE v.value IS NOT NULL) OVER recent AS sum_xx,
        sum(v.value) OVER recent AS sum_y,
        sum(v.month * v.value) OVER recent AS sum_xy
    FROM (
        SELECT
            x.*,
            i.tolerance,
            d.year,
            12 * d.year + extract(MONTH FROM x.period_end)::integer AS month,
            CASE i.direction WHEN 'down' THEN -1 ELSE 1 END AS sign,
            -- values are compared within the years of the plan; of a year to date, within its own year
            CASE x.period_type WHEN 'ytd' THEN d.year END AS own_year,
            CASE
                WHEN 'half' IN (x.period_type, i.shortest_period) THEN 6
                WHEN 'quarter' IN (x.period_type, i.shortest_period) THEN 3
                ELSE 1
            END AS step
        FROM mart.indicator_value AS x
        JOIN dim.indicator AS i ON i.indicator_code = x.indicator_code AND i.headline = x.period_type
        JOIN plan AS l ON l.indicator_code = x.indicator_code
        JOIN dim.period AS d
            ON d.period = x.period AND d.period_type = x.period_type AND d.year BETWEEN l.first_year AND l.last_year
        WHERE i.direction <> 'none'
    ) AS v
    WINDOW
        -- a unit has one level, an indicator one period type here: named, filters by them reach the tables
        one AS (
            PARTITION BY
                v.indicator_code, v.org_level, v.org_code, v.period_type, v.own_year, v.definition_version
        ),
        so_far AS (one ORDER BY v.month),
        recent AS (one ORDER BY v.month RANGE BETWEEN 11 PRECEDING AND CURRENT ROW)
) AS s
JOIN target AS t ON t.indicator_code = s.indicator_code AND t.year = s.year
LEFT JOIN dim.period AS b
    ON b.period_type = s.period_type
    AND b.period_end = (
        make_date(s.year, 1, 1) + make_interval(months => s.first_one[1]::integer - 12 * s.year)
    )::date - 1
-- the path's stretch starts at the yearly target before, unless the baseline is later or the year begins anew
CROSS JOIN LATERAL (
    SELECT coalesce(12 * t.year_before + 12 >= s.first_one[1] AND s.own_year IS NULL, false) AS is_later
) AS k
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN k.is_later THEN 12 * t.year_before + 12 ELSE s.first_one[1] END AS from_month,
        CASE WHEN k.is_later THEN t.target_before ELSE s.first_one[2] END AS from_value,
        12 * s.year + 12 AS to_month
) AS a
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN a.from_value * s.sign >= t.target * s.sign OR a.from_month = a.to_month THEN t.target
        ELSE a.from_value + mart.ratio(t.target - a.from_value, s.month - a.from_month, a.to_month - a.from_month)
    END AS path
) AS w
CROSS JOIN LATERAL (
    SELECT
        s.value * s.sign >= t.target * s.sign AS is_reached,
        CASE WHEN s.points >= 3 THEN
            (s.points * s.sum_xy - s.sum_x * s.sum_y) / nullif(s.points * s.sum_xx - s.sum_x * s.sum_x, 0)
        END AS pace
) AS f
CROSS JOIN LATERAL (
    SELECT
        f.is_reached,
        f.pace,
        -- whole periods; rounded first, so that a rest in the last decimals adds no period
        CASE WHEN f.pace * s.sign > 0 AND NOT f.is_reached THEN
            s.step * ceil(round((t.target - s.value) / f.pace / s.step, 4))
        END AS months_left
) AS n
CROSS JOIN LATERAL (
    SELECT
        12 * s.year + 12 - s.month AS months_in_year,
        CASE
            WHEN s.value * s.sign >= w.path * s.sign THEN 'green'
            WHEN s.sign * (w.path - s.value) <= coalesce(s.tolerance, mart.ratio(1, abs(t.target), 20)) THEN 'yellow'
            WHEN s.value IS NOT NULL THEN 'red'
        END AS band,
        CASE
            WHEN n.is_reached THEN 'reached'
            WHEN s.value * s.sign >= w.path * s.sign THEN 'on_path'
            WHEN n.months_left <= 12 * s.year + 12 - s.month THEN 'catching_up'
            WHEN s.value IS NOT NULL THEN 'behind'
        END AS progress
) AS c
LEFT JOIN dim.progress AS g ON g.progress = c.progress;
