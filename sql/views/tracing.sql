-- What figures come from: the reports as they were read, what each build replaced, and why figures differ.

-- Builds; a change of definitions or of the tree shows in its hash.
CREATE VIEW mart.build AS
SELECT build_id, months, started_at, built_at, definitions_hash, tree_hash, facts_replaced, rows_closed, rows_inserted
FROM ops.build;

-- Every report as read from a delivery: the county's file, its content's sha256, when it was received.
CREATE VIEW mart.submission AS
SELECT
    s.county_code,
    s.form,
    s.period,
    s.revision,
    s.is_current,
    s.status,
    s.delivery_id,
    d.name AS file_name,
    d.sha256,
    s.received_at,
    s.checked_at,
    s.rows_received,
    s.rows_accepted,
    s.rows_rejected,
    coalesce(s.held_reason, s.reason_code) AS reason_code
FROM ops.submission AS s
JOIN ops.delivery AS d USING (delivery_id);

-- Rejected rows of the current revision or, where there is none, of the last report. Without values: a rule and an
-- address are enough to find the rows.
CREATE VIEW mart.rejection AS
SELECT r.county_code, r.form, r.period, r.delivery_id, r.rule, r.rows, r.example, s.is_current
FROM (
    SELECT DISTINCT ON (county_code, form, period) county_code, form, period, delivery_id, is_current
    FROM ops.submission
    WHERE status <> 'void'
    ORDER BY county_code, form, period, is_current DESC, received_at DESC, checked_at DESC
) AS s
JOIN ops.rejection AS r
    ON (r.delivery_id, r.form, r.period) = (s.delivery_id, s.form, s.period);

-- Current findings on fields that an indicator reads, and on its figures.
CREATE VIEW mart.indicator_finding AS
SELECT i.indicator_code, f.finding_id
FROM ops.current_finding AS f
JOIN dim.indicator_field AS i ON i.form = f.form AND i.field = ANY(f.fields)
UNION
SELECT i.indicator_code, f.finding_id
FROM ops.current_finding AS f
JOIN dim.indicator AS i ON f.rule = i.indicator_code || '.bounded';

-- Which revision each build replaced by which, why, and the units whose rows differ (NULL: all, or not known).
CREATE VIEW mart.report_change AS
SELECT
    c.build_id,
    b.built_at,
    c.form,
    c.period,
    p.period_start,
    p.period_end,
    c.county_code,
    CASE
        -- the same rows: a correction of them came, went or changed
        WHEN c.rows_hash_before = c.rows_hash THEN 'correction'
        WHEN c.delivery_id IS NULL THEN 'withdrawal'
        -- the later report was taken away, whatever had been decided on this one
        WHEN c.delivery_id <> c.delivery_before AND d.received_at < e.received_at THEN 'withdrawal'
        -- it was held or void, and a person released it since the build that last replaced the report
        WHEN EXISTS (
            SELECT FROM mart.report_decision AS x
            WHERE
                x.delivery_id = c.delivery_id AND (x.form, x.period) = (c.form, c.period)
                AND x.action = 'release' AND x.decided_at <= b.built_at
                AND NOT EXISTS (
                    SELECT FROM ops.fact_change AS o
                    JOIN ops.build AS y USING (build_id)
                    WHERE
                        (o.form, o.period, o.county_code) = (c.form, c.period, c.county_code)
                        AND y.started_at >= x.decided_at AND y.built_at < b.built_at
                )
        ) THEN 'released'
        WHEN c.delivery_before IS NULL AND d.received_at >= u.due_at THEN 'late_arrival'
        WHEN c.delivery_before IS NULL THEN 'arrival'
        -- the same delivery: it repeats a report that was corrected, or another form or suite read it
        WHEN c.delivery_id = c.delivery_before AND EXISTS (
            SELECT FROM ops.submission AS s
            WHERE (s.delivery_id, s.form, s.period) = (c.delivery_id, c.form, c.period) AND s.is_unchanged
        ) THEN 'revision'
        WHEN c.delivery_id = c.delivery_before THEN 'definition'
        ELSE 'revision'
    END AS cause,
    c.revision_before,
    c.revision,
    c.delivery_id,
    d.name AS file_name,
    d.sha256,
    d.received_at,
    c.units
FROM ops.fact_change AS c
JOIN ops.build AS b USING (build_id)
JOIN dim.form AS f USING (form)
JOIN dim.period AS p ON p.period = c.period AND p.period_type = f.period_type
LEFT JOIN dim.due AS u ON u.form = c.form AND u.period = c.period
LEFT JOIN ops.delivery AS d ON d.delivery_id = c.delivery_id
LEFT JOIN ops.delivery AS e ON e.delivery_id = c.delivery_before
UNION ALL
-- corrections that came, went or changed together with the revision
SELECT
    c.build_id,
    b.built_at,
    c.form,
    c.period,
    p.period_start,
    p.period_end,
    c.county_code,
    'correction' AS cause,
    c.revision_before,
    c.revision,
    c.delivery_id,
    d.name AS file_name,
    d.sha256,
    d.received_at,
    c.units
FROM ops.fact_change AS c
JOIN ops.build AS b USING (build_id)
JOIN dim.form AS f USING (form)
JOIN dim.period AS p ON p.period = c.period AND p.period_type = f.period_type
LEFT JOIN ops.delivery AS d ON d.delivery_id = c.delivery_id
WHERE
    c.rows_hash_before IS DISTINCT FROM c.rows_hash
    AND c.corrections_before <> c.corrections_hash;

-- Whether a unit lies, or ever lay, beneath another or is it.
CREATE OR REPLACE FUNCTION mart.lay_beneath(code text, above text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE path AS (
        SELECT code AS org_code
        UNION
        SELECT v.parent_code FROM dim.org_unit_version AS v JOIN path AS p ON p.org_code = v.org_code
    )
    SELECT EXISTS (SELECT FROM path WHERE path.org_code = above);
END;
COMMENT ON FUNCTION mart.lay_beneath IS '单位现在或曾经是否在另一单位之下 / whether a unit lies or ever lay beneath another';

-- Why one figure may differ between two moments (mart.indicator_change gives the causes of all at once): changes to
-- what it comes from, after `since` and up to `until`.
--   reports     those of its period in which rows of units beneath it differ; if none of these changed, earlier ones
--               (differences of a year-to-date field and the expected units depend on them)
--   definition  the indicator's; or, if nothing else changed, the models' and the code's, told by the builds' hash of
--               definitions
--   boundary    the tree changed, and a unit that is or was beneath it opens, closes or moves in or out; or nothing
--               else changed
CREATE FUNCTION mart.indicator_reason(
    indicator text, unit text, of_period text, of_type text, since timestamptz, until timestamptz
) RETURNS TABLE (
    cause text, form text, period text, county_code text, revision_before integer, revision integer,
    delivery_id text, file_name text, sha256 text, received_at timestamptz, built_at timestamptz, units text[]
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE beneath AS (  -- what the unit lies or ever lay beneath, and itself; asked once, not once a report
        SELECT unit AS org_code
        UNION
        SELECT v.parent_code FROM dim.org_unit_version AS v JOIN beneath AS b ON b.org_code = v.org_code
    ),
    before AS (
        SELECT h.definition_hash, h.calc_table
        FROM dim.indicator_history AS h
        WHERE
            h.indicator_code = indicator
            AND (SELECT p.last_month FROM dim.period AS p WHERE p.period = of_period AND p.period_type = of_type)
                BETWEEN h.first_month AND h.last_month
            AND h.defined_from <= since AND (h.defined_to IS NULL OR h.defined_to > since)
    ),
    after AS (
        SELECT h.definition_hash, h.calc_table, h.forms, h.defined_from
        FROM dim.indicator_history AS h
        WHERE
            h.indicator_code = indicator
            AND (SELECT p.last_month FROM dim.period AS p WHERE p.period = of_period AND p.period_type = of_type)
                BETWEEN h.first_month AND h.last_month
            AND h.defined_from <= until AND (h.defined_to IS NULL OR h.defined_to > until)
    ),
    -- a town's villages, now and before; beneath a village the tree ends
    own AS (
        SELECT array_append(array_agg(v.org_code), unit) AS codes
        FROM dim.org_unit_version AS v
        WHERE v.parent_code = unit
    ),
    reports AS (
        SELECT
            r.cause, r.form, r.period, r.county_code, r.revision_before, r.revision, r.delivery_id, r.file_name,
            r.sha256, r.received_at, r.built_at, r.period_start >= p.period_start AS is_within,
            CASE
                WHEN o.org_level IN ('city', 'county') THEN r.units
                WHEN r.units IS NOT NULL
                    THEN ARRAY(SELECT x.code FROM unnest(r.units) AS x (code) WHERE x.code = ANY(own.codes))
            END AS units
        FROM mart.report_change AS r
        JOIN after AS a ON r.form = ANY(a.forms)
        JOIN dim.period AS p ON p.period = of_period AND p.period_type = of_type
        JOIN dim.org_unit AS o ON o.org_code = unit
        CROSS JOIN own
        WHERE
            r.built_at > since AND r.built_at <= until
            AND r.period_end <= p.period_end
            AND (
                o.county_code = r.county_code
                OR r.county_code = ANY(ARRAY(SELECT b.org_code FROM beneath AS b))
                OR (o.county_code IS NULL AND mart.lay_beneath(r.county_code, unit))
            )
            AND (r.units IS NULL OR o.org_level IN ('city', 'county') OR r.units && own.codes)
    ),
    dated AS (
        SELECT v.* FROM dim.org_unit_version AS v
        WHERE v.version > 1 OR v.valid_from IS NOT NULL OR v.valid_to IS NOT NULL
    ),
    found AS (
        SELECT
            r.cause, r.form, r.period, r.county_code, r.revision_before, r.revision, r.delivery_id, r.file_name,
            r.sha256, r.received_at, r.built_at, r.units
        FROM reports AS r
        WHERE r.is_within OR NOT EXISTS (SELECT FROM reports AS x WHERE x.is_within)
        UNION ALL
        SELECT 'definition', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        WHERE
            EXISTS (SELECT FROM before)
            AND NOT EXISTS (
                SELECT FROM before JOIN after USING (definition_hash, calc_table)
            )
    )
    SELECT * FROM found
    UNION ALL
    SELECT c.cause, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, max(b.built_at), NULL
    FROM mart.build AS b
    CROSS JOIN LATERAL (
        SELECT x.definitions_hash, x.tree_hash
        FROM mart.build AS x
        WHERE x.built_at <= since
        ORDER BY x.built_at DESC
        LIMIT 1
    ) AS last
    CROSS JOIN LATERAL (
        SELECT
            b.tree_hash <> last.tree_hash AND EXISTS (
                -- the unit, or one that is or was beneath it, opens, closes, or moves in or out
                SELECT FROM dated AS v
                LEFT JOIN dated AS w ON w.org_code = v.org_code AND w.version = v.version - 1
                LEFT JOIN dated AS x ON x.org_code = v.org_code AND x.version = v.version + 1
                WHERE
                    mart.lay_beneath(v.org_code, unit)
                    AND (
                        (w.version IS NULL AND v.valid_from IS NOT NULL)
                        OR (x.version IS NULL AND v.valid_to IS NOT NULL)
                        OR v.reports <> w.reports
                        OR (
                            w.version IS NOT NULL
                            AND mart.lay_beneath(v.parent_code, unit) <> mart.lay_beneath(w.parent_code, unit)
                        )
                    )
            ) AS is_it,
            b.definitions_hash <> last.definitions_hash AS is_defined_anew,
            b.tree_hash <> last.tree_hash AS is_other,
            EXISTS (SELECT FROM found) AS is_found
    ) AS tree
    CROSS JOIN LATERAL (
        VALUES
        ('definition', tree.is_defined_anew AND NOT tree.is_it AND NOT tree.is_found),
        ('boundary', tree.is_it OR (tree.is_other AND NOT tree.is_defined_anew AND NOT tree.is_found))
    ) AS c (cause, is_it)
    WHERE b.built_at > since AND b.built_at <= until AND c.is_it
    GROUP BY c.cause;
END;
COMMENT ON FUNCTION mart.indicator_reason IS
    '两个时刻之间指标值变化的原因 / what happened between two moments to what a figure comes from';
