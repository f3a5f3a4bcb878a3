-- What is due from one day to another, and of how many of its counties nothing counts yet.
SELECT
    d.due_date,
    d.form,
    d.period,
    count(*) AS counties,
    count(*) FILTER (WHERE s.revision IS NULL) AS missing
FROM dim.due AS d
INNER JOIN dim.county_form AS cf ON d.form = cf.form
LEFT JOIN mart.reporting_status_as_of(:at) AS s
    ON d.form = s.form AND d.period = s.period AND cf.county_code = s.county_code
WHERE d.due_date BETWEEN :first AND :last
GROUP BY d.due_date, d.form, d.period
ORDER BY d.due_date, d.form, d.period
