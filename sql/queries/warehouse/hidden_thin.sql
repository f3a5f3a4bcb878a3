-- The next round of `hiding`: the parents of units whose own figure would tell what is hidden beneath them, or such a
-- unit itself if nothing lies above it.
--
-- | a unit's figure tells | when |
-- | --- | --- |
-- | at some moment | the villages with persons are too few, or have too few (`_are_enough` of the rule says the same) |
-- | over several periods | a unit came to it or left it within the year |
WITH member AS (
    SELECT
        k.year,
        k.unit,
        t.period,
        t.period_type,
        t.built_from,
        t.built_to,
        b.is_only::integer AS enough,
        CASE WHEN b.is_only THEN t.{{n}} ELSE 0 END AS n,
        CASE WHEN b.is_only THEN coalesce(t.{{d}}, 0) - t.{{n}} ELSE 0 END AS rest
    FROM hiding AS k
    JOIN beneath AS b ON b.unit = k.unit
    JOIN {{table}} AS t ON t.org_code = b.org_code
    JOIN dim.period AS p ON (p.period, p.period_type, p.year) = (t.period, t.period_type, k.year)
    WHERE
        k.step = :step
        AND t.org_level = 'village'
        AND (
            (t.{{n}} > 0 AND (t.{{d}} IS NOT NULL OR t.{{n}} < :threshold))
            OR (:all_or_none AND t.{{d}} > 0 AND t.{{n}} = 0)
        )
),

change AS (
    SELECT year, unit, period, period_type, built_from AS at, 1 AS held, enough, n, rest
    FROM member
    UNION ALL
    SELECT year, unit, period, period_type, built_to, -1, -enough, -n, -rest
    FROM member
    WHERE built_to IS NOT NULL
),

together AS (
    SELECT
        year,
        unit,
        period,
        period_type,
        at,
        sum(held) AS held,
        sum(enough) AS enough,
        sum(n) AS n,
        sum(rest) AS rest
    FROM change
    GROUP BY 1, 2, 3, 4, 5
),

moment AS (
    SELECT
        year,
        unit,
        sum(held) OVER so_far AS held,
        sum(enough) OVER so_far AS members,
        sum(n) OVER so_far AS n,
        sum(rest) OVER so_far AS rest
    FROM together
    WINDOW so_far AS (PARTITION BY year, unit, period, period_type ORDER BY at)
),

telling AS (
    SELECT year, unit
    FROM moment
    WHERE
        held > 0
        AND (
            members < 2
            OR CASE
                WHEN :all_or_none THEN least(n, rest) < :threshold
                ELSE n < members - 1 + :threshold
            END
        )
    UNION
    SELECT k.year, k.unit
    FROM hiding AS k
    JOIN beneath AS b ON b.unit = k.unit AND NOT b.is_only
    JOIN dim.org_unit_version AS v ON v.org_code = b.org_code AND extract(YEAR FROM v.valid_from) = k.year
    WHERE k.step = :step
)

INSERT INTO hiding
SELECT DISTINCT t.year, coalesce(v.parent_code, t.unit), v.parent_code IS NULL, :step + 1
FROM telling AS t
JOIN dim.org_unit_version AS v ON v.org_code = t.unit
WHERE
    NOT EXISTS (
        SELECT FROM hiding AS k
        WHERE (k.year, k.unit, k.itself) = (t.year, coalesce(v.parent_code, t.unit), v.parent_code IS NULL)
    )
