-- Which indicators a unit's findings concern.
--   findings  one row a finding and field: unit_code, field (form.field)
SELECT
    unit_code,
    {{warned}}
FROM findings
GROUP BY unit_code
