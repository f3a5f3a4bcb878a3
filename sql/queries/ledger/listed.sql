-- What county systems last listed under these names.
SELECT i.*
FROM
    ops.source_item AS i
JOIN
    unnest(CAST(:counties AS text[]), CAST(:names AS text[])) AS k (county_code, name)
    ON (i.county_code, i.name) = (k.county_code, k.name)
