-- Forget how many units were expected where nothing is asked for any more: of a county that leaves a form out, of a
-- period in which a form is not in force.
DELETE FROM dim.expected_units AS e
WHERE
    NOT EXISTS (SELECT 1 FROM dim.county_form AS c WHERE c.county_code = e.county_code AND c.form = e.form)
    OR NOT EXISTS (SELECT 1 FROM dim.due AS d WHERE d.form = e.form AND d.period = e.period)
