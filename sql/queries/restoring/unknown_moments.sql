-- Moments at which rows of a result table began or ended although the ledger has no build of that moment.
SELECT x.at, count(*) AS rows
FROM calc.{{table}} AS t
CROSS JOIN unnest(ARRAY[t.built_from, t.built_to]) AS x (at)
WHERE x.at IS NOT NULL AND NOT EXISTS (SELECT FROM ops.build AS b WHERE b.built_at = x.at)
GROUP BY x.at
