-- Where the report of each county, form and period stands, at any moment: the view reads the ledger and the clock.
CREATE VIEW mart.reporting_status AS
WITH shown AS (
    -- periods from the first that was ever collected to the current one
    SELECT f.form, d.period, d.due_date, d.due_at, d.is_optional, p.period_end, p.last_month
    FROM dim.form AS f
    JOIN dim.due AS d USING (form)
    JOIN dim.period AS p ON p.period = d.period AND p.period_type = f.period_type
    WHERE
        p.last_month >= (SELECT min(first_month) FROM ops.collection)
        AND p.period_start <= mart.local_day(now())
),
latest AS (
    SELECT DISTINCT ON (county_code, form, period) *
    FROM ops.submission
    WHERE status <> 'void'
    ORDER BY county_code, form, period, received_at DESC, checked_at DESC
),
attempt AS (
    SELECT DISTINCT ON (s.form, s.period, c.county_code)
        s.form, s.period, c.county_code, c.status, c.reason_code, c.message, c.ended_at
    FROM shown AS s
    JOIN ops.collection AS c
        ON s.last_month BETWEEN c.first_month AND c.last_month
        AND (c.form IS NULL OR (c.form = s.form AND c.period = s.period))
    ORDER BY s.form, s.period, c.county_code, c.ended_at DESC, c.form NULLS LAST
),
current_one AS (
    SELECT * FROM ops.submission WHERE is_current
)
SELECT
    cf.county_code,
    o.name AS county_name,
    cf.form,
    s.period,
    st.status,
    words.name_zh AS status_zh,
    words.name_en AS status_en,
    s.due_date,
    first_one.received_at AS first_received_at,
    l.received_at,
    first_one.received_at < s.due_at AS is_on_time,
    c.revision,
    e.expected_units,
    l.rows_received,
    l.rows_accepted,
    l.rows_rejected,
    mart.ratio(100, n.received, e.expected_units) AS received_rate,
    mart.ratio(100, n.non_empty, n.received) AS non_empty_rate,
    mart.ratio(100, n.filled, n.cells) AS filled_rate,
    mart.ratio(100, n.accepted, n.received) AS valid_rate,
    coalesce(l.is_nil, false) AS is_nil,
    coalesce(l.is_unchanged, false) AS is_unchanged,
    repeated.period AS repeated_period,
    CASE st.status
        WHEN 'failed' THEN a.reason_code
        WHEN 'held' THEN l.held_reason
        ELSE coalesce(l.reason_code, CASE WHEN l.status IS NULL THEN a.reason_code END)
    END AS reason_code,
    CASE
        WHEN st.status = 'failed' OR l.status IS NULL THEN a.message
        WHEN st.status = 'held' THEN replace(concat_ws(
            '。',
            CASE l.held_reason
                WHEN 'period_locked' THEN '报告期锁定后收到（或重新读取）'
                WHEN 'far_fewer_rows' THEN format(
                    '%s条记录，仅为上一版本%s条的%s%%',
                    l.rows_accepted, c.rows_accepted, round(mart.ratio(100, l.rows_accepted, c.rows_accepted))
                )
            END,
            l.doubt_zh,
            '暂未采用；核实后请放行或作废'
        ), '？。', '？')
        ELSE l.message_zh
    END AS message_zh,
    CASE
        WHEN st.status = 'failed' OR l.status IS NULL THEN a.message
        WHEN st.status = 'held' THEN replace(concat_ws(
            '. ',
            CASE l.held_reason
                WHEN 'period_locked' THEN 'received, or read anew, after the period was locked'
                WHEN 'far_fewer_rows' THEN format(
                    '%s rows, %s %% of the %s of the revision before',
                    l.rows_accepted, round(mart.ratio(100, l.rows_accepted, c.rows_accepted)), c.rows_accepted
                )
            END,
            l.doubt_en,
            'Nothing was replaced. Release or void it'
        ), '?. ', '? ')
        ELSE l.message_en
    END AS message_en,
    l.delivery_id,
    a.ended_at AS last_attempt_at,
    a.status = 'failed' AS last_attempt_failed,
    a.reason_code AS last_attempt_reason,
    a.message AS last_attempt_message
FROM dim.county_form AS cf
JOIN dim.org_unit AS o ON o.org_code = cf.county_code
JOIN shown AS s ON s.form = cf.form
LEFT JOIN latest AS l ON (l.county_code, l.form, l.period) = (cf.county_code, cf.form, s.period)
LEFT JOIN current_one AS c ON (c.county_code, c.form, c.period) = (cf.county_code, cf.form, s.period)
LEFT JOIN attempt AS a ON (a.county_code, a.form, a.period) = (cf.county_code, cf.form, s.period)
LEFT JOIN dim.expected_units AS e ON (e.county_code, e.form, e.period) = (cf.county_code, cf.form, s.period)
LEFT JOIN LATERAL (
    SELECT min(x.received_at) AS received_at
    FROM ops.submission AS x
    WHERE
        x.county_code = cf.county_code AND x.form = cf.form AND x.period = s.period
        AND x.status IN ('accepted', 'partial')
) AS first_one ON true
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN l.status IS NOT NULL THEN l.status
        WHEN a.status = 'failed' THEN 'failed'
        WHEN now() >= s.due_at AND s.is_optional THEN 'optional'
        WHEN now() >= s.due_at THEN 'late'
        WHEN mart.local_day(now()) > s.period_end THEN 'awaited'
        ELSE 'not_due'
    END AS status
) AS st
JOIN dim.submission_status AS words ON words.status = st.status
-- a report that says that nothing changed repeats the last one with rows
LEFT JOIN LATERAL (
    SELECT r.*
    FROM ops.submission AS r
    WHERE
        l.is_unchanged AND r.is_current AND NOT r.is_unchanged
        AND (r.county_code, r.form) = (cf.county_code, cf.form) AND r.period < s.period
    ORDER BY r.period DESC
    LIMIT 1
) AS repeated ON true
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN l.is_unchanged THEN coalesce(repeated.rows_accepted, 0) ELSE l.rows_received END AS received,
        CASE WHEN l.is_unchanged THEN repeated.rows_accepted ELSE l.rows_accepted END AS accepted,
        CASE WHEN l.is_unchanged THEN repeated.rows_non_empty ELSE l.rows_non_empty END AS non_empty,
        CASE WHEN l.is_unchanged THEN repeated.cells_filled ELSE l.cells_filled END AS filled,
        CASE WHEN l.is_unchanged THEN repeated.cells_total ELSE l.cells_total END AS cells
) AS n;

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
    ) AS revisions_not_built
FROM dim.county_form AS cf
JOIN dim.org_unit AS o ON o.org_code = cf.county_code
LEFT JOIN ops.submission AS s ON (s.county_code, s.form) = (cf.county_code, cf.form)
GROUP BY cf.county_code, o.name, cf.form;

-- Warnings on rows and figures. No value is shown with these:
--   a warning on a villager group's row, which stands at its village
--   a restricted field beneath its county
--   at a village, a field that an indicator of persons reads
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
