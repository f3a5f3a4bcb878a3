-- What `registry` says, of units each of which is known once.
--   all_reports  one row a unit: unit_code, base_code, month (the first in which it was reported)
SELECT
    base_code,
    month AS first_month,
    count(*) AS units
FROM all_reports
GROUP BY base_code, month
