-- What readings that count were found for in these periods, by county and period: a hash of the cells concerned. A
-- finding confirmed as right warns nobody any more; contextual ones follow from the rows.
SELECT county_code, period, md5(string_agg(cell, ' ' ORDER BY cell COLLATE "C")) AS cells
FROM (
    SELECT DISTINCT f.county_code, f.period, concat_ws(' ', f.form, f.unit_code, f.org_code, x.field) AS cell
    FROM ops.current_finding AS f, unnest(f.fields) AS x (field)
    WHERE f.delivery_id IS NOT NULL
        AND f.period = ANY(:periods)
        AND NOT EXISTS (
            SELECT FROM ops.last_disposition AS d
            WHERE d.finding_id = f.finding_id AND d.disposition = 'confirmed'
        )
) AS found
GROUP BY county_code, period
ORDER BY period, county_code
