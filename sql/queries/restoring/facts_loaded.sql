-- Rows of a form's facts beside the rows that were loaded: by period and county, with their revisions.
SELECT period, county_code, f.revision AS found, f.n, l.revision, l.rows
FROM (
    SELECT period, county_code, revision, count(*) AS n
    FROM fact.{{form}}
    GROUP BY 1, 2, 3
) AS f
FULL JOIN (SELECT * FROM ops.fact_load WHERE form = :form) AS l USING (period, county_code)
