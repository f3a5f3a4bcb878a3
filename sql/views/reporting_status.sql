-- Where the report of each county, form and period stands: the view reads the ledger and the clock.
CREATE VIEW mart.reporting_status AS
SELECT * FROM ({{reporting_status}}) AS g;

-- Where it stood at a moment. What was read anew since is shown as read first where no older reading is kept. Whoever
-- may read the view may ask, so the function reads the ledger with its owner's rights.
DROP FUNCTION IF EXISTS mart.reporting_status_as_of(timestamptz) CASCADE;
CREATE FUNCTION mart.reporting_status_as_of(moment timestamptz) RETURNS TABLE (
    county_code text, county_name text, form text, period text, status text, status_zh text, status_en text,
    due_date date, first_received_at timestamptz, received_at timestamptz, is_on_time boolean, revision integer,
    expected_units integer, rows_received integer, rows_accepted integer, rows_rejected integer,
    received_rate numeric, non_empty_rate numeric, filled_rate numeric, valid_rate numeric, is_nil boolean,
    is_unchanged boolean, repeated_period text, reason_code text, message_zh text, message_en text,
    delivery_id text, last_attempt_at timestamptz, last_attempt_failed boolean, last_attempt_reason text,
    last_attempt_message text
)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = ''
BEGIN ATOMIC
    SELECT * FROM ({{reporting_status_then}}) AS g
    WHERE mart.is_past(moment);
END;
COMMENT ON FUNCTION mart.reporting_status_as_of(timestamptz) IS
    '某一时刻的报送状态 / the reporting grid as it stood at a moment';

-- Periods that are or were locked. Reports that are received or read anew between the two instants are held.
CREATE VIEW mart.period_lock AS
SELECT
    l.period,
    l.decided_at AS locked_from,
    l.next_at AS locked_to,
    l.decided_by AS locked_by,
    l.reason,
    l.next_by AS unlocked_by,
    l.next_reason AS unlock_reason
FROM (
    SELECT
        *,
        lag(action) OVER w AS before,
        lead(decided_at) OVER w AS next_at,
        lead(decided_by) OVER w AS next_by,
        lead(reason) OVER w AS next_reason
    FROM ops.period_lock
    WINDOW w AS (PARTITION BY period ORDER BY decided_at, lock_id)
) AS l
WHERE l.action = 'lock' AND coalesce(l.before, 'unlock') = 'unlock';

-- How fresh the marts are, by county and form.
CREATE VIEW mart.data_freshness AS
SELECT
    cf.county_code,
    o.name AS county_name,
    cf.form,
    max(s.period) FILTER (WHERE s.is_current) AS last_period,
    max(s.received_at) AS last_received_at,
    (SELECT max(c.ended_at) FROM ops.collection AS c WHERE c.county_code = cf.county_code) AS last_attempt_at,
    (SELECT max(b.built_at) FROM ops.build AS b) AS last_built_at,
    count(*) FILTER (
        WHERE s.is_current AND NOT EXISTS (
            SELECT FROM ops.fact_load AS f
            WHERE
                f.form = s.form AND f.period = s.period AND f.county_code = s.county_code
                AND (f.rows_hash = s.rows_hash OR (s.is_unchanged AND f.revision = s.revision))
        )
    ) + (
        -- what the marts still show of reports of which nothing counts any more, as of one that was voided
        SELECT count(*) FROM ops.fact_load AS f
        WHERE
            (f.county_code, f.form) = (cf.county_code, cf.form)
            AND NOT EXISTS (
                SELECT FROM ops.submission AS x
                WHERE x.is_current AND (x.county_code, x.form, x.period) = (f.county_code, f.form, f.period)
            )
    ) AS revisions_not_built
FROM dim.county_form AS cf
JOIN dim.org_unit AS o ON o.org_code = cf.county_code
LEFT JOIN ops.submission AS s ON (s.county_code, s.form) = (cf.county_code, cf.form)
GROUP BY cf.county_code, o.name, cf.form;

-- Warnings on rows and figures. No value is shown with these:
--   a warning on a villager group's row, which stands at its village
--   a restricted field beneath its county
--   at a village, a field that an indicator of persons reads
--   beneath its county, what villages sum up to in another form, of a field that is restricted or of persons
CREATE VIEW mart.finding AS
SELECT
    f.finding_id,
    f.county_code,
    f.form,
    f.period,
    f.org_code,
    o.name AS org_name,
    f.rule,
    f.severity,
    CASE WHEN shown.it THEN f.value END AS value,
    f.expected_zh,
    f.expected_en,
    -- without the value, which stands at the end of most messages; where it does not, only what was expected is told
    CASE
        WHEN shown.it OR coalesce(f.value, '') IN ('', '—') THEN f.message_zh
        WHEN right(f.message_zh, length(f.value)) = f.value
            THEN left(f.message_zh, -length(f.value)) || '（不公开）'
        ELSE concat('“', about.zh, '”不符合要求，应为：', f.expected_zh)
    END AS message_zh,
    CASE
        WHEN shown.it OR coalesce(f.value, '') IN ('', '—') THEN f.message_en
        WHEN right(f.message_en, length(f.value)) = f.value
            THEN left(f.message_en, -length(f.value)) || '(not shown)'
        ELSE concat(about.en, ' is not as expected: ', f.expected_en)
    END AS message_en,
    coalesce(d.disposition, 'open') AS disposition,
    d.disposed_by AS disposition_by,
    d.reason AS disposition_reason,
    d.disposed_at AS disposition_at,
    CASE WHEN shown.it THEN e.explanation END AS explanation
FROM ops.current_finding AS f
LEFT JOIN dim.org_unit AS o ON o.org_code = f.org_code
LEFT JOIN ops.last_disposition AS d ON d.finding_id = f.finding_id
LEFT JOIN LATERAL (
    SELECT
        string_agg(x.label_zh, '、' ORDER BY x.sort_order) AS zh,
        string_agg(x.label_en, ', ' ORDER BY x.sort_order) AS en
    FROM dim.field AS x
    WHERE x.form = f.form AND x.field = ANY(f.fields)
) AS about ON true
LEFT JOIN dim.form AS about_form ON about_form.form = f.form
-- the county's explanation of the row in the report that counts
LEFT JOIN ops.submission AS s
    ON s.is_current AND (s.county_code, s.form, s.period) = (f.county_code, f.form, f.period)
LEFT JOIN ops.explanation AS e
    ON (e.delivery_id, e.form, e.period, e.unit_code) = (s.delivery_id, s.form, s.period, f.unit_code)
CROSS JOIN LATERAL (
    -- from county up (tasks included) everything; what is said of a row's code and name, which tells no value of a
    -- field; beneath the county only the unit's own values of unrestricted fields
    SELECT
        o.org_level IN ('city', 'county')
        OR split_part(f.rule, '.', 2) = about_form.key_field
        OR (
            f.unit_code = f.org_code
            AND NOT EXISTS (
                SELECT FROM dim.field AS x WHERE x.form = f.form AND x.field = ANY(f.fields) AND x.is_restricted
            )
            AND NOT (
                o.org_level = 'village'
                AND EXISTS (
                    SELECT FROM dim.indicator_field AS x
                    JOIN dim.indicator AS i USING (indicator_code)
                    WHERE x.form = f.form AND x.field = ANY(f.fields) AND i.is_persons
                )
            )
            AND NOT EXISTS (
                SELECT FROM dim.rule_field AS y
                JOIN dim.field AS x USING (form, field)
                WHERE
                    y.rule = f.rule
                    AND (
                        x.is_restricted
                        OR EXISTS (
                            SELECT FROM dim.indicator_field AS z
                            JOIN dim.indicator AS i USING (indicator_code)
                            WHERE (z.form, z.field) = (y.form, y.field) AND i.is_persons
                        )
                    )
            )
        ) AS it
) AS shown;

-- Why rows of the latest delivery of a submission were rejected: a row for each rule.
CREATE VIEW mart.rejected_row AS
SELECT
    r.county_code,
    o.name AS county_name,
    r.form,
    r.period,
    r.delivery_id,
    r.rule,
    r.rows,
    r.example,
    r.message_zh,
    r.message_en
FROM ops.rejection AS r
JOIN (
    SELECT DISTINCT ON (county_code, form, period) county_code, form, period, delivery_id
    FROM ops.submission
    WHERE status <> 'void'
    ORDER BY county_code, form, period, received_at DESC, checked_at DESC
) AS latest USING (county_code, form, period, delivery_id)
JOIN dim.org_unit AS o ON o.org_code = r.county_code;
