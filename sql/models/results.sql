-- The exact sums of every indicator for every unit of the tree, as the warehouse keeps them.
--   sums      one row a unit of the lowest level that is expected, reported or corrected: base_code, sums
--   paths     one row a unit of the lowest level and a unit above it (itself included): base_code, org_code,
--             org_level
SELECT
    paths.org_code,
    paths.org_level,
    CAST(coalesce(sum(sums.expected_units), 0) AS bigint) AS expected_units,
    CAST(coalesce(sum(sums.reported_units), 0) AS bigint) AS reported_units,
    {{sums}}
FROM paths
LEFT JOIN sums ON sums.base_code = paths.base_code
GROUP BY paths.org_code, paths.org_level
-- units of the lowest level only if they are expected or reported; every unit above, even if nothing is expected there
HAVING count(sums.base_code) > 0 OR max(CASE WHEN paths.org_code <> paths.base_code THEN 1 ELSE 0 END) = 1
ORDER BY paths.org_code NULLS LAST
