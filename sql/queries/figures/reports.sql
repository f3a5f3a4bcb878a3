-- The reports behind a figure: the forms' own periods within its period, of counties at, above or beneath the unit.
SELECT f.form, p.period, c.county_code
FROM dim.form AS f
JOIN dim.period AS whole ON whole.period = :period AND whole.period_type = :type
JOIN dim.period AS p
    ON
        p.period_type = f.period_type
        AND p.period_start >= whole.period_start AND p.period_end <= whole.period_end
JOIN dim.county_form AS c ON c.form = f.form
JOIN dim.org_unit AS o ON o.org_code = :org
WHERE f.form = ANY(:forms) AND (o.county_code IS NULL OR o.county_code = c.county_code)
