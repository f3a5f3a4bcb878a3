-- The reports behind a figure: the forms' own periods within its period, of counties at, above or beneath the unit.
-- Of forms whose year to date is taken as a difference (`subtracted`) also those just before it in the year.
SELECT f.form, p.period, c.county_code, p.period_start < whole.period_start AS is_subtracted
FROM dim.form AS f
JOIN dim.period AS whole ON whole.period = :period AND whole.period_type = :type
JOIN dim.period AS p
    ON
        p.period_type = f.period_type
        AND (
            (p.period_start >= whole.period_start AND p.period_end <= whole.period_end)
            OR (
                f.form = ANY(CAST(:subtracted AS text[]))
                AND p.year = whole.year AND p.period_end = whole.period_start - 1
            )
        )
JOIN dim.county_form AS c ON c.form = f.form
JOIN dim.org_unit AS o ON o.org_code = :org
WHERE f.form = ANY(:forms) AND (o.county_code IS NULL OR o.county_code = c.county_code)
