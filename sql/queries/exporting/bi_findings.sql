-- A dataset of BI tools: warnings on accepted rows, and what persons decided about them.
SELECT
    n.finding_id, n.county_code, c.name AS county_name, n.form, f.title_zh AS form_zh, n.period, p.last_month AS month,
    n.org_code, n.org_name, n.rule, n.severity, n.value AS value_found, n.expected_zh, n.message_zh, n.disposition,
    n.disposition_reason, n.disposition_at, n.explanation
FROM mart.finding AS n
JOIN dim.form AS f ON f.form = n.form
JOIN dim.period AS p ON p.period = n.period AND p.period_type = f.period_type
LEFT JOIN dim.org_unit AS c ON c.org_code = n.county_code
