-- What changed from one moment to another in the figures of some units, with the largest changes among those that were
-- shown before, and what else a morning tells: one row, or one a large change.
--   weight   in a percentage the change's points in 100, else its part of what the figure was
--   closed   locked or published period -> figures of it that changed
--   decided  what people decided in between, the last first
--   figures  those that are shown at the later moment, in the columns of mart.indicator_value
-- It is what mart.indicator_change gives, in less time: of the past only what is no longer shown is read, and causes
-- are asked of the large ones alone.
WITH before AS MATERIALIZED (
    SELECT h.*
    FROM mart.indicator_value_history AS h
    WHERE
        h.org_level IN ('city', 'county')
        AND h.built_from <= :since AND (h.built_to IS NULL OR h.built_to > :since)
        AND h.defined_from <= :since AND (h.defined_to IS NULL OR h.defined_to > :since)
        AND (h.built_to <= :until OR h.defined_to <= :until)
),
after AS MATERIALIZED (
    SELECT v.* FROM ({{figures}}) AS v WHERE v.org_level IN ('city', 'county')
),
put_beside AS (
    SELECT
        indicator_code, org_code, period, period_type,
        b.numerator AS numerator_before, a.numerator,
        b.denominator AS denominator_before, a.denominator,
        b.value AS value_before, a.value,
        b.target AS target_before, a.target,
        b.expected_units AS expected_units_before, a.expected_units,
        b.reported_units AS reported_units_before, a.reported_units,
        b.obs_status AS obs_status_before, a.obs_status
    FROM before AS b
    FULL JOIN after AS a USING (indicator_code, org_code, period, period_type)
    WHERE b.org_code IS NOT NULL OR a.built_at > :since
),
changed AS MATERIALIZED (
    SELECT b.*, b.value - b.value_before AS change, b.obs_status_before IS NULL AS is_first_shown
    FROM put_beside AS b
    WHERE
        (
            b.numerator_before, b.denominator_before, b.value_before, b.target_before, b.expected_units_before,
            b.reported_units_before, b.obs_status_before
        ) IS DISTINCT FROM (
            b.numerator, b.denominator, b.value, b.target, b.expected_units, b.reported_units, b.obs_status
        )
),
named AS (
    SELECT DISTINCT ON (h.indicator_code) h.indicator_code, h.name_zh, h.name_en, h.unit, i.direction, i.sort_order
    FROM dim.indicator_history AS h
    LEFT JOIN dim.indicator AS i USING (indicator_code)
    WHERE h.defined_from <= :until
    ORDER BY h.indicator_code, h.defined_from DESC, h.version DESC
),
closed AS (
    SELECT l.period FROM mart.period_lock AS l
    WHERE l.locked_from <= :until AND (l.locked_to IS NULL OR l.locked_to > :until)
    UNION
    SELECT e.period FROM mart.edition AS e WHERE e.published_at <= :until
),
largest AS (
    SELECT c.*, n.name_zh, n.name_en, n.unit, n.direction, n.sort_order, w.weight
    FROM changed AS c
    JOIN named AS n USING (indicator_code)
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN c.change IS NULL THEN -1
            WHEN n.unit = 'percent' THEN abs(c.change) / 100
            WHEN c.value_before = 0 THEN 1
            ELSE abs(c.change) / abs(c.value_before)
        END AS weight
    ) AS w
    WHERE NOT c.is_first_shown
    ORDER BY w.weight DESC, c.period, c.period_type, n.sort_order, c.org_code
    LIMIT :most
)
SELECT
    t.*, l.*,
    coalesce(o.name, l.org_code) AS org_name,
    -- as mart.indicator_change has them
    CASE WHEN l.org_code IS NOT NULL THEN ARRAY(
        SELECT r.cause
        FROM mart.indicator_reason(l.indicator_code, l.org_code, l.period, l.period_type, :since, :until) AS r
        WHERE r.cause <> 'boundary' OR (
            l.numerator_before, l.denominator_before, l.expected_units_before, l.reported_units_before
        ) IS DISTINCT FROM (l.numerator, l.denominator, l.expected_units, l.reported_units)
        UNION
        SELECT 'suppression' WHERE (l.obs_status_before = 'Q') <> (l.obs_status = 'Q')
        ORDER BY cause
    ) END AS causes
FROM (
    SELECT
        (SELECT count(*) FROM changed) AS figures,
        (SELECT count(*) FROM changed AS c WHERE c.is_first_shown) AS first_shown,
        (
            SELECT coalesce(jsonb_object_agg(x.period, x.n), '{}') FROM (
                SELECT c.period, count(*) AS n FROM changed AS c
                WHERE NOT c.is_first_shown AND c.period IN (SELECT period FROM closed)
                GROUP BY c.period
            ) AS x
        ) AS closed,
        ARRAY(
            SELECT k.period FROM mart.period_lock AS k
            WHERE k.locked_from <= :until AND (k.locked_to IS NULL OR k.locked_to > :until)
            ORDER BY k.locked_from, k.period
        ) AS locked,
        (SELECT coalesce(sum(f.revisions_not_built), 0) FROM mart.data_freshness AS f) AS unbuilt,
        (
            SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.decided_at DESC), '[]') FROM mart.decision AS d
            WHERE d.decided_at BETWEEN :since AND :until
        ) AS decided
) AS t
LEFT JOIN largest AS l ON true
LEFT JOIN dim.org_unit AS o ON o.org_code = l.org_code
ORDER BY l.weight DESC, l.period, l.period_type, l.sort_order, l.org_code
