-- Every table, view (column number 0) and column that needs a comment, with the comment that it has. Views that repeat
-- those of mart come last, so that their words are known by then.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    a.column_name,
    a.number,
    CASE WHEN a.number > 0 THEN 'COLUMN' WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind,
    col_description(c.oid, a.number) AS comment
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT 0 AS number, NULL AS column_name
    UNION ALL
    SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
) AS a
WHERE
    n.nspname IN ('ops', 'dim', 'fact', 'calc', 'mart', 'mart_zh', 'county')
    AND c.relkind IN ('r', 'v')
ORDER BY n.nspname IN ('mart_zh', 'county'), n.nspname, c.relname, a.number
