-- Which indicators the corrections of a scope touch at each unit. An operand that takes a unit's last report is touched
-- by corrections of that report, or of a later report that is left out; a sum by corrections of any report.
--   corrections  one row a corrected cell: unit_code, base_code, field (* for a row left out), month, in_period,
--                is_before
--   reports      as in `operands`, corrected
WITH counted AS (
    SELECT
        unit_code,
        {{counted}}
    FROM reports
    WHERE unit_code IN (SELECT unit_code FROM corrections)
    GROUP BY unit_code
)
SELECT
    corrections.unit_code,
    corrections.base_code,
    {{corrected}}
FROM corrections
LEFT JOIN counted ON counted.unit_code = corrections.unit_code
GROUP BY corrections.unit_code, corrections.base_code
