-- Hides the longer of two periods with one end, at a unit of `hiding` and above it, where at some moment it holds one
-- village more than the shorter: of a state, the difference is what that village last reported.
WITH member AS (
    SELECT
        k.year,
        k.unit,
        p.last_month,
        t.period_type,
        array_position(ARRAY['month', 'quarter', 'half', 'ytd', 'year'], t.period_type) AS length,
        t.built_from,
        t.built_to
    FROM hiding AS k
    JOIN beneath AS b ON b.unit = k.unit
    JOIN {{table}} AS t ON t.org_code = b.org_code
    JOIN dim.period AS p ON (p.period, p.period_type, p.year) = (t.period, t.period_type, k.year)
    WHERE t.org_level = 'village' AND t.{{n}} IS NOT NULL
),

length AS (
    SELECT DISTINCT last_month, period_type, length
    FROM member
),

pair AS (
    SELECT s.last_month, s.period_type AS shorter, l.period_type AS longer
    FROM length AS s
    JOIN length AS l ON l.last_month = s.last_month AND l.length > s.length
),

side AS (
    SELECT m.unit, p.last_month, p.shorter, p.longer, 1 AS more, m.built_from, m.built_to
    FROM pair AS p
    JOIN member AS m ON m.last_month = p.last_month AND m.period_type = p.longer
    UNION ALL
    SELECT m.unit, p.last_month, p.shorter, p.longer, -1, m.built_from, m.built_to
    FROM pair AS p
    JOIN member AS m ON m.last_month = p.last_month AND m.period_type = p.shorter
),

change AS (
    SELECT unit, last_month, shorter, longer, built_from AS at, more
    FROM side
    UNION ALL
    SELECT unit, last_month, shorter, longer, built_to, -more
    FROM side
    WHERE built_to IS NOT NULL
),

together AS (
    SELECT unit, last_month, shorter, longer, at, sum(more) AS more
    FROM change
    GROUP BY 1, 2, 3, 4, 5
),

moment AS (
    SELECT unit, last_month, longer, sum(more) OVER so_far AS more
    FROM together
    WINDOW so_far AS (PARTITION BY unit, last_month, shorter, longer ORDER BY at)
),

telling AS (
    SELECT unit, last_month, longer
    FROM moment
    WHERE more = 1
    UNION
    SELECT b.unit, m.last_month, m.longer
    FROM moment AS m
    JOIN beneath AS b ON b.org_code = m.unit
    WHERE m.more = 1
)

UPDATE {{table}} AS t SET {{h}} = true
FROM telling AS x, dim.period AS p
WHERE
    (p.period, p.period_type) = (t.period, t.period_type)
    AND (x.unit, x.last_month, x.longer) = (t.org_code, p.last_month, p.period_type)
    AND t.{{h}} IS NOT TRUE
    AND coalesce(t.{{n}}, t.{{d}}) IS NOT NULL
