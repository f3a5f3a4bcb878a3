-- Units that findings are about, and the fields that they concern; of all counties, or some. A finding confirmed as
-- right warns nobody any more.
SELECT DISTINCT unit_code, org_code, form AS of_form, period, form || '.' || unnest(fields) AS field
FROM ops.current_finding AS f
WHERE form = ANY(:forms)
    AND period = ANY(:periods)
    AND (CAST(:counties AS text[]) IS NULL OR county_code = ANY(:counties))
    AND NOT EXISTS (
        SELECT FROM ops.last_disposition AS d
        WHERE d.finding_id = f.finding_id AND d.disposition = 'confirmed'
    )
