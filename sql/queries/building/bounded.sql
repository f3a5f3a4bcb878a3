-- The contextual findings of one rule on a form's reports of these periods, as `findings.Finding.row` gives them.
SELECT
    finding_id, county_code, form, period, unit_code, org_code, rule, severity, fields, value,
    expected_zh, expected_en, message_zh, message_en
FROM ops.finding
WHERE form = :form AND period = ANY(:periods) AND rule = :rule AND delivery_id IS NULL
ORDER BY finding_id
