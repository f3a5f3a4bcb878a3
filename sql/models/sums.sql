-- The exact sums of every indicator at each unit of the lowest level that has figures.
--   sides     one row a reporting unit: numerators, denominators, units lacking a side, units with a warning
--   expected  how many reports are expected: base_code, expected_units (unit-periods)
--   corrected one row a unit with corrections: unit_code, base_code, and which indicators they touch
WITH due AS (
    SELECT base_code, sum(expected_units) AS expected_units
    FROM expected
    GROUP BY base_code
),
reported AS (
    SELECT
        base_code,
        sum(reported_units) AS reported_units,
        {{sums}}
    FROM sides
    GROUP BY base_code
),
touched AS (
    SELECT
        base_code,
        {{touched}}
    FROM corrected
    GROUP BY base_code
)
SELECT
    coalesce(due.base_code, reported.base_code, touched.base_code) AS base_code,
    CAST(coalesce(due.expected_units, 0) AS bigint) AS expected_units,
    CAST(coalesce(reported.reported_units, 0) AS bigint) AS reported_units,
    {{columns}}
FROM due
FULL JOIN reported ON reported.base_code = due.base_code
FULL JOIN touched ON touched.base_code = coalesce(due.base_code, reported.base_code)
