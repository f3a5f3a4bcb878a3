-- Columns of mart and dim with their types and words, and the heading that each view's column has in mart_zh.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    a.attname AS column_name,
    format_type(a.atttypid, a.atttypmod) AS type,
    obj_description(c.oid) AS about,
    col_description(c.oid, a.attnum) AS words,
    z.attname AS heading
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_namespace AS zn ON zn.nspname = 'mart_zh' AND n.nspname = 'mart'
LEFT JOIN pg_class AS t ON t.relnamespace = zn.oid AND t.relname = c.relname
LEFT JOIN pg_attribute AS z ON z.attrelid = t.oid AND z.attnum = a.attnum
WHERE n.nspname IN ('mart', 'dim') AND c.relkind IN ('r', 'v')
ORDER BY n.nspname DESC, c.relname LIKE 'v\_%', c.relname, a.attnum
