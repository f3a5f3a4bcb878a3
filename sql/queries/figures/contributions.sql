-- The sums of figures and of the units beneath them, each figure before and after.
--   asks, sides, ...    one entry a figure and side: its number, 0 (before) or 1 (after), what it is of
--   moments             as it was shown at that moment; NULL: as it is shown now
--   levels              how many levels down
-- A row a unit that lies beneath in the period; without sums where it has no figure. A unit lies where its last line
-- that had begun says, before that where its first does.
WITH RECURSIVE asked AS (
    SELECT a.ask, a.side, a.indicator_code, a.org_code, a.period, a.period_type, a.moment, p.period_start, p.period_end
    FROM unnest(
        CAST(:asks AS integer[]), CAST(:sides AS integer[]), CAST(:indicators AS text[]), CAST(:orgs AS text[]),
        CAST(:periods AS text[]), CAST(:types AS text[]), CAST(:moments AS timestamptz[])
    ) AS a (ask, side, indicator_code, org_code, period, period_type, moment)
    JOIN dim.period AS p ON p.period = a.period AND p.period_type = a.period_type
),
beneath AS (
    SELECT
        a.ask, a.side, a.period_start, a.period_end, a.org_code, CAST(NULL AS text) AS parent_code, 0 AS depth,
        true AS is_open
    FROM asked AS a
    UNION ALL
    SELECT
        b.ask, b.side, b.period_start, b.period_end, v.org_code, v.parent_code, b.depth + 1,
        (v.valid_from IS NULL OR v.valid_from <= b.period_end)
        AND (v.valid_to IS NULL OR v.valid_to >= CAST(b.period_start + interval '1 month' AS date) - 1)
    FROM beneath AS b
    JOIN dim.org_unit_version AS v ON v.parent_code = b.org_code
    WHERE
        b.depth < :levels
        AND (v.version = 1 OR v.valid_from <= b.period_end)
        AND NOT EXISTS (
            SELECT FROM dim.org_unit_version AS w
            WHERE w.org_code = v.org_code AND w.version > v.version AND w.valid_from <= b.period_end
        )
),
figures AS MATERIALIZED (
    SELECT h.*
    FROM mart.indicator_value_history AS h
    WHERE
        h.built_to IS NULL
        AND h.indicator_code = ANY(:indicators) AND h.period = ANY(:periods) AND h.period_type = ANY(:types)
        AND h.org_code = ANY(ARRAY(SELECT b.org_code FROM beneath AS b))
    UNION ALL
    SELECT h.*
    FROM mart.indicator_value_history AS h
    WHERE
        :with_past AND h.built_to IS NOT NULL
        AND h.indicator_code = ANY(:indicators) AND h.period = ANY(:periods) AND h.period_type = ANY(:types)
        AND h.org_code = ANY(ARRAY(SELECT b.org_code FROM beneath AS b))
)
SELECT
    b.ask, b.side, b.depth, b.org_code, coalesce(o.name, b.org_code) AS org_name, o.org_level,
    b.parent_code, b.is_open, f.numerator, f.denominator, f.value, f.expected_units, f.reported_units, f.obs_status,
    i.name_zh, i.name_en, i.unit, i.factor, i.is_restricted, i.version, i.missing, i.numerator_en, i.denominator_en
FROM beneath AS b
JOIN asked AS a ON a.ask = b.ask AND a.side = b.side
-- FULL, as that is never a nested loop: the planner takes the figures for one row, and they may be many thousand
FULL JOIN figures AS f
    ON
        f.org_code = b.org_code AND f.indicator_code = a.indicator_code
        AND f.period = a.period AND f.period_type = a.period_type
        AND CASE
            WHEN a.moment IS NULL THEN f.built_to IS NULL AND f.defined_to IS NULL
            ELSE
                f.built_from <= a.moment AND (f.built_to IS NULL OR f.built_to > a.moment)
                AND f.defined_from <= a.moment AND (f.defined_to IS NULL OR f.defined_to > a.moment)
        END
LEFT JOIN dim.indicator_history AS i
    ON
        i.indicator_code = f.indicator_code AND i.version = f.definition_version
        AND i.defined_from = f.defined_from
LEFT JOIN dim.org_unit AS o ON o.org_code = b.org_code
-- not `b.ask IS NOT NULL`, by which it would be no FULL JOIN
WHERE coalesce(b.ask, -1) >= 0
ORDER BY b.ask, b.depth, o.sort_order, b.org_code, b.side
