-- The exact sums of every indicator for every unit of the tree, as the warehouse keeps them.
--   sides     one row a reporting unit: numerators, denominators, units lacking a side, units with a warning
--   expected  one row an expected unit: unit_code, base_code, expected_units (unit-periods)
--   corrected one row a unit with corrections: unit_code, base_code, and which indicators they touch
--   paths     one row a unit of the lowest level and a unit above it (itself included): base_code, org_code,
--             org_level
WITH base AS (
    SELECT
        coalesce(expected.base_code, sides.base_code, corrected.base_code) AS base_code,
        sum(coalesce(expected.expected_units, 0)) AS expected_units,
        sum(coalesce(sides.reported_units, 0)) AS reported_units,
        {{sums}}
    FROM expected
    FULL JOIN sides ON sides.unit_code = expected.unit_code
    FULL JOIN corrected ON corrected.unit_code = coalesce(expected.unit_code, sides.unit_code)
    GROUP BY coalesce(expected.base_code, sides.base_code, corrected.base_code)
)
SELECT
    paths.org_code,
    paths.org_level,
    CAST(coalesce(sum(expected_units), 0) AS bigint) AS expected_units,
    CAST(coalesce(sum(reported_units), 0) AS bigint) AS reported_units,
    {{sums}}
FROM paths
LEFT JOIN base ON base.base_code = paths.base_code
GROUP BY paths.org_code, paths.org_level
-- units of the lowest level only if they are expected or reported; every unit above, even if nothing is expected there
HAVING count(base.base_code) > 0 OR max(CASE WHEN paths.org_code <> paths.base_code THEN 1 ELSE 0 END) = 1
ORDER BY paths.org_code
