-- The exact sums of every indicator on today's tree: each unit's sums as was, carried along the lineage.
--   sides     one row a reporting unit: numerators, denominators, units lacking a side, units with a warning
--   expected  one row an expected unit: unit_code, base_code, expected_units (unit-periods)
--   corrected one row a unit with corrections: unit_code, base_code, and which indicators they touch
--   paths     one row a unit as was and a unit of today that its figures belong to, or a unit above that one:
--             base_code, org_code, org_level, share
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
    CAST(
        coalesce(sum(CAST(expected_units AS decimal(25, 4)) * CAST(share AS decimal(13, 12))), 0) AS decimal(38, 16)
    ) AS expected_units,
    CAST(
        coalesce(sum(CAST(reported_units AS decimal(25, 4)) * CAST(share AS decimal(13, 12))), 0) AS decimal(38, 16)
    ) AS reported_units,
    {{shared_sums}}
FROM paths
LEFT JOIN base ON base.base_code = paths.base_code
GROUP BY paths.org_code, paths.org_level
-- units of the lowest level only if they are expected or reported, as in `results`
HAVING count(base.base_code) > 0 OR paths.org_level <> '{{lowest}}'
ORDER BY paths.org_code
