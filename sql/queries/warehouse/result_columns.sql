-- Result tables, with the indicators that each has figures of, and those whose figures it can hide.
SELECT
    table_name,
    array_agg(substr(column_name, 4) ORDER BY ordinal_position) FILTER (WHERE column_name LIKE 'n\_\_%') AS codes,
    coalesce(array_agg(substr(column_name, 4)) FILTER (WHERE column_name LIKE 'h\_\_%'), '{}') AS hidden
FROM information_schema.columns
WHERE table_schema = 'calc' AND column_name ~ '^[nh]__'
GROUP BY 1
ORDER BY 1
