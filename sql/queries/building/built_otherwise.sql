-- Those of some months that were built last by other definitions, or by another tree.
SELECT b.month
FROM ops.built_month AS b
JOIN ops.build AS x USING (build_id)
WHERE b.month = ANY(:months) AND (x.definitions_hash, x.tree_hash) <> (:definitions, :tree)
ORDER BY b.month
