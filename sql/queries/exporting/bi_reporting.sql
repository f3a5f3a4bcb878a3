-- A dataset of BI tools: where every report of a county stands. A row a county, form and period.
SELECT
    r.county_code, r.county_name, r.form, f.title_zh AS form_zh, f.title_en AS form_en, r.period, p.period_type,
    p.period_end, p.last_month AS month, r.status, r.status_zh, r.due_date, r.received_at, r.is_on_time, r.revision,
    r.expected_units, r.rows_received, r.rows_accepted, r.rows_rejected, r.received_rate, r.valid_rate, r.filled_rate,
    r.is_nil, r.is_unchanged, r.reason_code, r.message_zh, r.last_attempt_at, r.last_attempt_message
FROM mart.reporting_status AS r
JOIN dim.form AS f ON f.form = r.form
JOIN dim.period AS p ON p.period = r.period AND p.period_type = f.period_type
