-- Which figures differ between two moments, and why.

-- Figures that differ between two moments. A row that is shown at both moments is the same at both, so only rows that
-- began or ended in between are read.
CREATE FUNCTION mart.indicator_difference(since timestamptz, until timestamptz) RETURNS TABLE (
    indicator_code text, org_code text, org_level text, period text, period_type text,
    numerator_before numeric, numerator numeric, denominator_before numeric, denominator numeric,
    value_before numeric, value numeric, change numeric, target_before numeric, target numeric,
    expected_units_before bigint, expected_units bigint, reported_units_before bigint, reported_units bigint,
    obs_status_before text, obs_status text, is_first_shown boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        f.indicator_code, f.org_code, f.org_level, f.period, f.period_type,
        f.numerator_before, f.numerator, f.denominator_before, f.denominator,
        f.value_before, f.value, f.value - f.value_before, f.target_before, f.target,
        f.expected_units_before, f.expected_units, f.reported_units_before, f.reported_units,
        f.obs_status_before, f.obs_status, f.obs_status_before IS NULL
    FROM (
        SELECT
            h.indicator_code, h.org_code, h.org_level, h.period, h.period_type,
            max(h.numerator) FILTER (WHERE NOT h.is_after) AS numerator_before,
            max(h.numerator) FILTER (WHERE h.is_after) AS numerator,
            max(h.denominator) FILTER (WHERE NOT h.is_after) AS denominator_before,
            max(h.denominator) FILTER (WHERE h.is_after) AS denominator,
            max(h.value) FILTER (WHERE NOT h.is_after) AS value_before,
            max(h.value) FILTER (WHERE h.is_after) AS value,
            max(h.target) FILTER (WHERE NOT h.is_after) AS target_before,
            max(h.target) FILTER (WHERE h.is_after) AS target,
            max(h.expected_units) FILTER (WHERE NOT h.is_after) AS expected_units_before,
            max(h.expected_units) FILTER (WHERE h.is_after) AS expected_units,
            max(h.reported_units) FILTER (WHERE NOT h.is_after) AS reported_units_before,
            max(h.reported_units) FILTER (WHERE h.is_after) AS reported_units,
            max(h.obs_status) FILTER (WHERE NOT h.is_after) AS obs_status_before,
            max(h.obs_status) FILTER (WHERE h.is_after) AS obs_status
        FROM (
            SELECT false AS is_after, a.* FROM mart.indicator_value_history AS a
            WHERE
                a.built_from <= since AND a.built_to > since AND a.built_to <= until
                AND a.defined_from <= since AND (a.defined_to IS NULL OR a.defined_to > since)
            UNION ALL
            SELECT false AS is_after, b.* FROM mart.indicator_value_history AS b
            WHERE
                b.built_from <= since AND (b.built_to IS NULL OR b.built_to > until)
                AND b.defined_from <= since AND b.defined_to > since AND b.defined_to <= until
            UNION ALL
            SELECT true AS is_after, c.* FROM mart.indicator_value_history AS c
            WHERE
                c.built_from > since AND c.built_from <= until AND (c.built_to IS NULL OR c.built_to > until)
                AND c.defined_from <= until AND (c.defined_to IS NULL OR c.defined_to > until)
            UNION ALL
            SELECT true AS is_after, d.* FROM mart.indicator_value_history AS d
            WHERE
                d.built_from <= since AND (d.built_to IS NULL OR d.built_to > until)
                AND d.defined_from > since AND d.defined_from <= until
                AND (d.defined_to IS NULL OR d.defined_to > until)
        ) AS h
        GROUP BY h.indicator_code, h.org_code, h.org_level, h.period, h.period_type
    ) AS f
    WHERE
        mart.is_past(since) AND mart.is_past(until)
        AND (
            f.numerator_before, f.denominator_before, f.value_before, f.target_before, f.expected_units_before,
            f.reported_units_before, f.obs_status_before
        ) IS DISTINCT FROM (
            f.numerator, f.denominator, f.value, f.target, f.expected_units, f.reported_units, f.obs_status
        );
END;
COMMENT ON FUNCTION mart.indicator_difference IS
    '两个时刻之间有变化的指标值，不问原因 / figures that differ between two moments, without the causes';

-- The units that a change of the tree concerns: one that is or was beneath them opens, closes, or moves in or out. None
-- where the tree does not differ. As STRICT it is not opened up by the planner, which would expect a single unit.
CREATE OR REPLACE FUNCTION mart.units_of_boundaries(differs boolean) RETURNS TABLE (org_code text)
LANGUAGE sql STABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    WITH RECURSIVE dated AS (
        SELECT v.* FROM dim.org_unit_version AS v
        WHERE differs AND (v.version > 1 OR v.valid_from IS NOT NULL OR v.valid_to IS NOT NULL)
    ),
    changed AS (
        SELECT
            v.org_code, v.parent_code, w.parent_code AS parent_before, w.version IS NOT NULL AS has_moved,
            (w.version IS NULL AND v.valid_from IS NOT NULL) OR (x.version IS NULL AND v.valid_to IS NOT NULL)
            OR coalesce(v.reports <> w.reports, false) AS is_concerned
        FROM dated AS v
        LEFT JOIN dated AS w ON w.org_code = v.org_code AND w.version = v.version - 1
        LEFT JOIN dated AS x ON x.org_code = v.org_code AND x.version = v.version + 1
    ),
    path AS (  -- a unit and all that it lies or ever lay beneath
        SELECT c.org_code AS start, c.org_code FROM changed AS c
        UNION
        SELECT c.parent_code AS start, c.parent_code FROM changed AS c WHERE c.parent_code IS NOT NULL
        UNION
        SELECT c.parent_before AS start, c.parent_before FROM changed AS c WHERE c.parent_before IS NOT NULL
        UNION
        SELECT p.start, v.parent_code FROM path AS p
        JOIN dim.org_unit_version AS v ON v.org_code = p.org_code
        WHERE v.parent_code IS NOT NULL
    )
    SELECT DISTINCT p.org_code FROM changed AS c JOIN path AS p ON p.start = c.org_code
    WHERE
        c.is_concerned
        OR (
            c.has_moved
            AND EXISTS (SELECT FROM path AS q WHERE (q.start, q.org_code) = (c.parent_code, p.org_code))
            <> EXISTS (SELECT FROM path AS q WHERE (q.start, q.org_code) = (c.parent_before, p.org_code))
        );
END;
COMMENT ON FUNCTION mart.units_of_boundaries IS
    '区划变化所涉及的单位 / units at or above one that opened, closed or moved';

-- The counties whose reports a unit's figures are made of: its own, now and before; a city's are all beneath it.
CREATE OR REPLACE FUNCTION mart.counties_of_units() RETURNS TABLE (org_code text, county_code text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE below AS (  -- what moved, and what is or was beneath it
        SELECT v.org_code FROM dim.org_unit_version AS v WHERE v.version > 1
        UNION
        SELECT v.org_code FROM below AS b JOIN dim.org_unit_version AS v ON v.parent_code = b.org_code
    ),
    path AS (
        SELECT b.org_code, b.org_code AS above FROM below AS b
        UNION
        SELECT p.org_code, v.parent_code FROM path AS p JOIN dim.org_unit_version AS v ON v.org_code = p.above
        WHERE v.parent_code IS NOT NULL
    ),
    lay AS (
        SELECT o.org_code, o.county_code FROM dim.org_unit AS o WHERE o.county_code IS NOT NULL
        UNION
        SELECT p.org_code, p.above FROM path AS p JOIN dim.org_unit AS c ON c.org_code = p.above
        WHERE c.org_level = 'county'
    )
    SELECT l.org_code, l.county_code FROM lay AS l
    UNION
    SELECT c.city_code, c.org_code FROM dim.org_unit AS c WHERE c.org_level = 'county' AND c.city_code IS NOT NULL
    UNION
    SELECT p.above, p.org_code FROM path AS p JOIN dim.org_unit AS c ON c.org_code = p.org_code
    WHERE c.org_level = 'county';
END;
COMMENT ON FUNCTION mart.counties_of_units IS
    '各单位的指标值取自哪些县（市、区）的报表 / the counties whose reports the figures of a unit are made of';

-- Reports that changed between two moments, a row for each kind of figures that they reach: `*` those of the county and
-- its city, `` those of all units of the county, else those of a unit whose rows differ and of the towns that it is or
-- was in.
-- As STRICT it is not opened up by the planner, which would expect two rows and ask for them once a figure.
CREATE FUNCTION mart.reports_changed(since timestamptz, until timestamptz) RETURNS TABLE (
    cause text, form text, county_code text, period_start date, period_end date, reaches text
)
LANGUAGE sql STABLE PARALLEL SAFE STRICT ROWS 100000
BEGIN ATOMIC
    WITH reports AS MATERIALIZED (
        SELECT r.cause, r.form, r.county_code, r.period_start, r.period_end, r.units
        FROM mart.report_change AS r
        WHERE r.built_at > since AND r.built_at <= until
    ),
    units AS (
        SELECT r.cause, r.form, r.county_code, r.period_start, r.period_end, u.code
        FROM reports AS r CROSS JOIN LATERAL unnest(r.units) AS u (code)
    )
    SELECT r.cause, r.form, r.county_code, r.period_start, r.period_end, '*' FROM reports AS r
    UNION
    SELECT r.cause, r.form, r.county_code, r.period_start, r.period_end, '' FROM reports AS r WHERE r.units IS NULL
    UNION
    SELECT u.cause, u.form, u.county_code, u.period_start, u.period_end, u.code FROM units AS u
    UNION
    SELECT u.cause, u.form, u.county_code, u.period_start, u.period_end, v.parent_code
    FROM units AS u JOIN dim.org_unit_version AS v ON v.org_code = u.code
    WHERE v.parent_code IS NOT NULL;
END;
COMMENT ON FUNCTION mart.reports_changed IS
    '两个时刻之间有变化的报表及其影响的单位 / reports that changed between two moments, and whom they reach';

-- Figures that differ between two moments, and why: `causes` are those that mart.indicator_reason gives for each. Here
-- they are joined to all figures at once, since a question a figure would read every changed report each time.
CREATE FUNCTION mart.indicator_change(since timestamptz, until timestamptz) RETURNS TABLE (
    indicator_code text, org_code text, org_level text, period text, period_type text,
    numerator_before numeric, numerator numeric, denominator_before numeric, denominator numeric,
    value_before numeric, value numeric, change numeric, target_before numeric, target numeric,
    expected_units_before bigint, expected_units bigint, reported_units_before bigint, reported_units bigint,
    obs_status_before text, obs_status text, is_first_shown boolean, causes text[]
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH builds AS MATERIALIZED (
        SELECT
            bool_or(b.definitions_hash <> x.definitions_hash) AS is_defined_anew,
            bool_or(b.definitions_hash <> x.definitions_hash AND b.tree_hash = x.tree_hash) AS is_only_defined_anew,
            bool_or(b.tree_hash <> x.tree_hash) AS is_other_tree,
            bool_or(b.tree_hash <> x.tree_hash AND b.definitions_hash = x.definitions_hash) AS is_only_other_tree
        FROM mart.build AS b
        CROSS JOIN LATERAL (
            SELECT y.definitions_hash, y.tree_hash FROM mart.build AS y
            WHERE y.built_at <= since ORDER BY y.built_at DESC LIMIT 1
        ) AS x
        WHERE b.built_at > since AND b.built_at <= until
    ),
    history AS MATERIALIZED (
        SELECT
            h.indicator_code, h.definition_hash, h.calc_table, h.forms, h.first_month, h.last_month,
            h.defined_from <= since AND (h.defined_to IS NULL OR h.defined_to > since) AS is_before,
            h.defined_from <= until AND (h.defined_to IS NULL OR h.defined_to > until) AS is_after
        FROM dim.indicator_history AS h
    )
    SELECT
        g.indicator_code, g.org_code, g.org_level, g.period, g.period_type,
        g.numerator_before, g.numerator, g.denominator_before, g.denominator,
        g.value_before, g.value, g.change, g.target_before, g.target,
        g.expected_units_before, g.expected_units, g.reported_units_before, g.reported_units,
        g.obs_status_before, g.obs_status, g.is_first_shown,
        ARRAY(
            SELECT x.cause FROM unnest(g.reported) AS x (cause)
            UNION
            SELECT 'definition'
            WHERE
                g.is_redefined
                OR (
                    g.reported IS NULL
                    AND CASE WHEN m.org_code IS NULL THEN b.is_defined_anew ELSE b.is_only_defined_anew END
                )
            UNION
            SELECT 'boundary'
            WHERE
                (
                    (m.org_code IS NOT NULL AND b.is_other_tree)
                    OR (g.reported IS NULL AND NOT g.is_redefined AND b.is_only_other_tree)
                )
                -- if only the value differs, the tree is not the cause
                AND (
                    g.numerator_before, g.denominator_before, g.expected_units_before, g.reported_units_before
                ) IS DISTINCT FROM (g.numerator, g.denominator, g.expected_units, g.reported_units)
            UNION
            -- newly hidden, because of a neighbour, perhaps in another county; or shown again
            SELECT 'suppression'
            WHERE (g.obs_status_before = 'Q') <> (g.obs_status = 'Q')
            ORDER BY cause
        )
    FROM (
        SELECT
            f.*,
            CASE
                WHEN bool_or(r.period_start >= p.period_start)
                    THEN array_agg(DISTINCT r.cause) FILTER (WHERE r.period_start >= p.period_start)
                ELSE array_agg(DISTINCT r.cause) FILTER (WHERE r.cause IS NOT NULL)
            END AS reported,
            bool_or(
                w.definition_hash IS NOT NULL
                AND (w.definition_hash, w.calc_table) IS DISTINCT FROM (a.definition_hash, a.calc_table)
            ) AS is_redefined
        FROM mart.indicator_difference(since, until) AS f
        LEFT JOIN dim.period AS p ON (p.period, p.period_type) = (f.period, f.period_type)
        LEFT JOIN history AS w
            ON w.is_before AND w.indicator_code = f.indicator_code
            AND p.last_month BETWEEN w.first_month AND w.last_month
        LEFT JOIN history AS a
            ON a.is_after AND a.indicator_code = f.indicator_code
            AND p.last_month BETWEEN a.first_month AND a.last_month
        LEFT JOIN LATERAL unnest(a.forms) AS x (form) ON true
        LEFT JOIN mart.counties_of_units() AS o ON o.org_code = f.org_code
        LEFT JOIN mart.reports_changed(since, until) AS r
            ON
                r.county_code = o.county_code AND r.form = x.form AND r.period_end <= p.period_end
                AND r.reaches = ANY(
                    CASE WHEN f.org_level IN ('city', 'county') THEN ARRAY['*'] ELSE ARRAY['', f.org_code] END
                )
        GROUP BY
            f.indicator_code, f.org_code, f.org_level, f.period, f.period_type,
            f.numerator_before, f.numerator, f.denominator_before, f.denominator,
            f.value_before, f.value, f.change, f.target_before, f.target,
            f.expected_units_before, f.expected_units, f.reported_units_before, f.reported_units,
            f.obs_status_before, f.obs_status, f.is_first_shown
    ) AS g
    CROSS JOIN builds AS b
    LEFT JOIN mart.units_of_boundaries((SELECT x.is_other_tree FROM builds AS x)) AS m ON m.org_code = g.org_code;
END;
COMMENT ON FUNCTION mart.indicator_change(timestamptz, timestamptz) IS
    '两个时刻之间有变化的指标值及原因 / figures that differ between two moments, and why';
