-- What is due from one day to another, and of how many of its counties nothing counts yet.
SELECT
    d.due_date,
    d.form,
    d.period,
    count(*) AS counties,
    count(*) FILTER (WHERE s.revision IS NULL) AS missing
FROM dim.due AS d
INNER JOIN dim.county_form AS cf ON d.form = cf.form
INNER JOIN dim.form AS f ON d.form = f.form
INNER JOIN dim.period AS p ON d.period = p.period AND f.period_type = p.period_type
LEFT JOIN mart.reporting_status_as_of(:at) AS s
    ON d.form = s.form AND d.period = s.period AND cf.county_code = s.county_code
WHERE
    d.due_date BETWEEN :first AND :last
    AND EXISTS (
        SELECT FROM dim.org_unit_version AS v
        WHERE
            v.org_code = cf.county_code
            AND coalesce(v.valid_from, '-infinity') <= p.period_end
            AND coalesce(v.valid_to, 'infinity') >= p.period_end
    )
GROUP BY d.due_date, d.form, d.period
ORDER BY d.due_date, d.form, d.period
