-- A wide view: a row a unit and period, a column each indicator.
CREATE VIEW mart.{{view}} AS
SELECT
    {{columns}}
FROM (
    {{keys}}
) AS k
JOIN dim.org_unit AS o USING (org_code)
JOIN dim.period AS p ON p.period = k.period AND p.period_type = '{{period_type}}'
{{joins}}
