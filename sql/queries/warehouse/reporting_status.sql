-- The reporting grid at a moment: what had been received, with the decisions that had been taken.
WITH shown AS (
    -- periods from the first that was ever collected to the current one
    SELECT f.form, d.period, d.due_date, d.due_at, d.is_optional, p.period_end, p.last_month
    FROM dim.form AS f
    JOIN dim.due AS d USING (form)
    JOIN dim.period AS p ON p.period = d.period AND p.period_type = f.period_type
    WHERE
        p.last_month >= (SELECT min(first_month) FROM ops.collection WHERE ended_at <= {{moment}})
        AND p.period_start <= mart.local_day({{moment}})
),
stood AS NOT MATERIALIZED (
    -- readings of what had been received, with the status that they had before what was decided later
    SELECT
        x.*,
        CASE
            WHEN undone.action = 'release' AND x.status IN ('accepted', 'partial')
                THEN coalesce(undone.status_before, 'held')
            WHEN undone.action = 'void' AND x.status = 'void'
                THEN coalesce(undone.status_before, CASE WHEN x.doubt IS NULL THEN x.verdict ELSE 'held' END)
            ELSE x.status
        END AS status_then
    FROM ops.submission AS x
    LEFT JOIN LATERAL (
        SELECT d.action, d.status_before
        FROM mart.report_decision AS d
        WHERE
            d.delivery_id = x.delivery_id AND (d.form, d.period) = (x.form, x.period) AND d.decided_at > {{moment}}
        ORDER BY d.decided_at
        LIMIT 1
    ) AS undone ON true
    WHERE x.received_at <= {{moment}}
),
latest AS (
    SELECT DISTINCT ON (county_code, form, period) *
    FROM stood
    WHERE status_then <> 'void'
    ORDER BY
        county_code, form, period, received_at DESC, checked_at <= {{moment}} DESC,
        CASE WHEN checked_at <= {{moment}} THEN checked_at END DESC, checked_at
),
gone AS (
    SELECT DISTINCT ON (x.county_code, x.form, x.period)
        x.county_code, x.form, x.period, x.delivery_id, d.decided_by, d.decided_at
    FROM stood AS x
    JOIN mart.report_decision AS d
        ON
            d.delivery_id = x.delivery_id AND (d.form, d.period) = (x.form, x.period)
            AND d.action = 'void' AND d.decided_at <= {{moment}}
    WHERE x.status_then = 'void'
    ORDER BY x.county_code, x.form, x.period, x.received_at DESC, d.decided_at DESC
),
tried AS (
    SELECT DISTINCT ON (s.form, s.period, c.county_code)
        s.form, s.period, c.county_code, c.status, c.reason_code, c.message, c.ended_at
    FROM shown AS s
    JOIN ops.collection AS c
        ON s.last_month BETWEEN c.first_month AND c.last_month
        AND (c.form IS NULL OR (c.form = s.form AND c.period = s.period))
        AND c.ended_at <= {{moment}}
    ORDER BY s.form, s.period, c.county_code, c.ended_at DESC, c.form NULLS LAST
),
attempt AS (
    -- a note on a voided file names its delivery, and is over once that is void no longer
    SELECT
        t.form, t.period, t.county_code, t.status, t.ended_at,
        CASE WHEN NOT o.is_over THEN t.reason_code END AS reason_code,
        CASE WHEN NOT o.is_over THEN t.message END AS message
    FROM tried AS t
    CROSS JOIN LATERAL (
        SELECT coalesce(t.reason_code, '') = 'voided_again' AND NOT EXISTS (
            SELECT FROM stood AS x
            WHERE
                (x.county_code, x.form, x.period) = (t.county_code, t.form, t.period)
                AND x.status_then = 'void' AND strpos(t.message, x.delivery_id) > 0
        ) AS is_over
    ) AS o
),
current_one AS (
    -- of what counted, the last revision
    SELECT DISTINCT ON (county_code, form, period) *
    FROM stood
    WHERE status_then IN ('accepted', 'partial') AND revision IS NOT NULL
    ORDER BY county_code, form, period, revision DESC, is_current DESC, checked_at DESC
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
        ELSE coalesce(
            l.reason_code,
            CASE WHEN l.status_then IS NULL THEN a.reason_code END,
            CASE WHEN l.status_then IS NULL AND g.delivery_id IS NOT NULL THEN 'voided' END
        )
    END AS reason_code,
    CASE
        WHEN st.status = 'failed' THEN a.message
        WHEN l.status_then IS NULL THEN coalesce(
            a.message,
            '来件' || g.delivery_id || '已于' || mart.local_day(g.decided_at) || '由' || g.decided_by
            || '作废，此外没有来件：请县（市、区）重报'
        )
        WHEN st.status = 'held' THEN replace(concat_ws(
            '。',
            CASE l.held_reason
                WHEN 'period_locked' THEN '报告期锁定后收到（或重新读取）'
                WHEN 'far_fewer_rows' THEN format(
                    '%s条记录，仅为此前最全版本%s条的%s%%',
                    l.rows_accepted, fullest.accepted, round(mart.ratio(100, l.rows_accepted, fullest.accepted))
                )
            END,
            l.doubt_zh,
            '暂未采用；核实后请放行或作废'
        ), '？。', '？')
        ELSE l.message_zh
    END AS message_zh,
    CASE
        WHEN st.status = 'failed' THEN a.message
        WHEN l.status_then IS NULL THEN coalesce(
            a.message,
            'delivery ' || g.delivery_id || ' was voided on ' || mart.local_day(g.decided_at) || ' by ' || g.decided_by
            || ', and there is no other: ask the county to send it again'
        )
        WHEN st.status = 'held' THEN replace(concat_ws(
            '. ',
            CASE l.held_reason
                WHEN 'period_locked' THEN 'received, or read anew, after the period was locked'
                WHEN 'far_fewer_rows' THEN format(
                    '%s rows, %s %% of the %s of the fullest revision before',
                    l.rows_accepted, round(mart.ratio(100, l.rows_accepted, fullest.accepted)), fullest.accepted
                )
            END,
            l.doubt_en,
            'Nothing was replaced. Release or void it'
        ), '?. ', '? ')
        ELSE l.message_en
    END AS message_en,
    coalesce(l.delivery_id, g.delivery_id) AS delivery_id,
    a.ended_at AS last_attempt_at,
    a.status = 'failed' AS last_attempt_failed,
    a.reason_code AS last_attempt_reason,
    a.message AS last_attempt_message
FROM dim.county_form AS cf
JOIN dim.org_unit AS o ON o.org_code = cf.county_code
JOIN shown AS s ON s.form = cf.form
LEFT JOIN latest AS l ON (l.county_code, l.form, l.period) = (cf.county_code, cf.form, s.period)
LEFT JOIN gone AS g ON (g.county_code, g.form, g.period) = (cf.county_code, cf.form, s.period)
LEFT JOIN current_one AS c ON (c.county_code, c.form, c.period) = (cf.county_code, cf.form, s.period)
LEFT JOIN attempt AS a ON (a.county_code, a.form, a.period) = (cf.county_code, cf.form, s.period)
LEFT JOIN dim.expected_units AS e ON (e.county_code, e.form, e.period) = (cf.county_code, cf.form, s.period)
LEFT JOIN LATERAL (
    SELECT min(x.received_at) AS received_at
    FROM ops.submission AS x
    WHERE
        x.county_code = cf.county_code AND x.form = cf.form AND x.period = s.period
        AND x.status IN ('accepted', 'partial') AND x.received_at <= {{moment}}
) AS first_one ON true
LEFT JOIN LATERAL (
    -- what a short report was held against: the fullest from the last on that a person had released
    SELECT max(x.rows_accepted) AS accepted
    FROM stood AS x
    WHERE
        l.status_then = 'held' AND l.held_reason = 'far_fewer_rows'
        AND (x.county_code, x.form, x.period) = (cf.county_code, cf.form, s.period)
        AND x.status_then IN ('accepted', 'partial') AND x.revision IS NOT NULL
        AND (x.received_at, x.delivery_id, x.checked_at) < (l.received_at, l.delivery_id, l.checked_at)
        AND x.received_at >= coalesce(
            (
                SELECT max(y.received_at)
                FROM stood AS y
                JOIN mart.report_decision AS d
                    ON d.delivery_id = y.delivery_id AND (d.form, d.period) = (y.form, y.period)
                WHERE
                    (y.county_code, y.form, y.period) = (cf.county_code, cf.form, s.period)
                    AND y.status_then IN ('accepted', 'partial') AND NOT y.is_unchanged
                    AND y.received_at < l.received_at AND d.action = 'release' AND d.decided_at <= {{moment}}
            ),
            '-infinity'
        )
) AS fullest ON true
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN l.status_then IS NOT NULL THEN l.status_then
        WHEN NOT EXISTS (
            -- nothing is due of a county before it opens and after it ends
            SELECT FROM dim.org_unit_version AS v
            WHERE
                v.org_code = cf.county_code
                AND coalesce(v.valid_from, '-infinity') <= s.period_end
                AND coalesce(v.valid_to, 'infinity') >= s.period_end
        ) THEN 'not_due'
        WHEN a.status = 'failed' THEN 'failed'
        WHEN {{moment}} >= s.due_at AND s.is_optional THEN 'optional'
        WHEN {{moment}} >= s.due_at THEN 'late'
        WHEN mart.local_day({{moment}}) > s.period_end THEN 'awaited'
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
) AS n
