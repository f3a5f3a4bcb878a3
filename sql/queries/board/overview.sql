-- Figures of a few units as `qiangji values` lists them, each with the figure of the period before.
--   values     the statement figures/values over `shown`, for the headlines of figures/headlines over `shown`
--   previous   of each figure the period before, as mart.indicator_comparison takes it; None across a series break
WITH shown AS MATERIALIZED (
    SELECT * FROM ({{figures}}) AS x WHERE x.org_code = ANY(CAST(:units AS text[]))
),
headline AS MATERIALIZED (
    {{headlines}}
),
chosen AS MATERIALIZED (
    {{values}}
)
SELECT
    c.*,
    i.aspect_code, i.initiative_code, i.is_restricted, h.missing, h.forms,
    e.before AS previous_period,
    b.value AS previous_value,
    coalesce(c.definition_version > b.definition_version, false) AS is_series_break,
    CASE WHEN c.definition_version = b.definition_version THEN c.value - b.value END AS change
FROM chosen AS c
LEFT JOIN dim.indicator AS i USING (indicator_code)
JOIN ({{dictionary}}) AS h USING (indicator_code)
LEFT JOIN LATERAL (
    SELECT
        CASE
            WHEN c.period_type <> 'ytd' OR i.shortest_period = 'month' THEN p.previous_period
            WHEN i.shortest_period = 'quarter' THEN p.previous_quarter
        END AS before
    FROM dim.period AS p
    WHERE p.period = c.period AND p.period_type = c.period_type
) AS e ON true
LEFT JOIN shown AS b
    ON
        b.indicator_code = c.indicator_code AND b.org_code = c.org_code AND b.period_type = c.period_type
        AND b.period = e.before
