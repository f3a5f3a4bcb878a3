-- The exact sums of every indicator on today's tree: each unit's sums as was, carried along the lineage.
--   sums      one row a unit of the lowest level that is expected, reported or corrected: base_code, sums
--   paths     one row a unit as was and a unit of today that its figures belong to, or a unit above that one:
--             base_code, org_code, org_level, share
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
LEFT JOIN sums ON sums.base_code = paths.base_code
GROUP BY paths.org_code, paths.org_level
-- units of the lowest level only if they are expected or reported, as in `results`
HAVING count(sums.base_code) > 0 OR paths.org_level <> '{{lowest}}'
ORDER BY paths.org_code NULLS LAST
