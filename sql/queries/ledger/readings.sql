-- Every reading of these submissions.
SELECT s.*
FROM
    ops.submission AS s
JOIN
    unnest(CAST(:forms AS text[]), CAST(:periods AS text[]), CAST(:counties AS text[]))
    AS k (form, period, county_code)
    ON (s.form, s.period, s.county_code) = (k.form, k.period, k.county_code)
