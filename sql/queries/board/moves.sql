-- What changed from one moment to another in the figures of some units, with the largest changes among those that were
-- shown before, and what else a morning tells: one row, or one a large change.
--   weight   in a percentage the change's points in 100, else its part of what the figure was
--   closed   locked or published period -> figures of it that changed
--   decided  what people decided in between, the last first
-- The causes of a change take time, and are asked of the large ones alone.
WITH changed AS MATERIALIZED (
    SELECT
        d.indicator_code, d.org_code, d.period, d.period_type, d.value_before, d.value, d.change,
        coalesce(d.obs_status_before, 'A') AS obs_status_before, coalesce(d.obs_status, 'A') AS obs_status,
        d.is_first_shown
    FROM mart.indicator_change(:since, :until) AS d
    WHERE d.org_level IN ('city', 'county')
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
    SELECT e.period FROM mart.edition AS e
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
    CASE WHEN l.org_code IS NOT NULL THEN ARRAY(
        SELECT unnest(x.causes) FROM mart.indicator_change(:since, :until) AS x
        WHERE (x.indicator_code, x.org_code, x.period, x.period_type)
            = (l.indicator_code, l.org_code, l.period, l.period_type)
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
