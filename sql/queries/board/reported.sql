-- The reporting grid at a moment, every period of it, each report with the workbook that last went back with it.
--   is_listed  whether `qiangji status` lists it: its period has ended, and a report of that form and period came, or
--              it is the form's last that has ended
--   others     of a report that is held beside another of the same: the other deliveries, of which one is right
--   in_force   the one of the others that counts, as somebody released it
WITH grid AS MATERIALIZED (SELECT * FROM {{grid}})

SELECT
    s.*,
    s.status <> 'not_due' AND (
        bool_or(s.received_at IS NOT NULL) OVER same
        OR s.period = max(s.period) FILTER (WHERE s.status <> 'not_due') OVER (PARTITION BY s.form)
    ) AS is_listed,
    CASE
        WHEN s.status = 'held' AND s.reason_code = 'side_by_side'
            THEN ARRAY(
                SELECT DISTINCT q.delivery_id FROM mart.submission AS q
                WHERE
                    (q.county_code, q.form, q.period) = (s.county_code, s.form, s.period)
                    AND (q.status = 'held' OR q.is_current) AND q.received_at <= :as_of
                    AND q.delivery_id <> s.delivery_id
                ORDER BY q.delivery_id
            )
    END AS others,
    CASE
        WHEN s.status = 'held' AND s.reason_code = 'side_by_side'
            THEN (
                SELECT q.delivery_id FROM mart.submission AS q
                WHERE
                    (q.county_code, q.form, q.period) = (s.county_code, s.form, s.period)
                    AND q.is_current AND q.status <> 'held' AND q.received_at <= :as_of
            )
    END AS in_force,
    w.file_name AS workbook,
    w.problems AS workbook_problems,
    w.transport AS workbook_transport,
    w.status AS workbook_status,
    w.reason_code AS workbook_reason,
    w.sent_at AS workbook_sent_at
FROM grid AS s
JOIN dim.org_unit AS o ON o.org_code = s.county_code
LEFT JOIN mart.feedback AS w ON w.delivery_id = s.delivery_id AND w.sent_at <= :as_of
WINDOW same AS (PARTITION BY s.form, s.period)
ORDER BY s.period, o.sort_order, s.form
