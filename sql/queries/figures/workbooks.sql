-- Annotated workbooks of deliveries that nothing has taken the place of: the county still has something to do.
SELECT f.*
FROM mart.feedback AS f
WHERE
    f.sent_at <= :at
    AND EXISTS (
        SELECT 1
        FROM mart.reporting_status_as_of(:at) AS s
        WHERE s.delivery_id = f.delivery_id AND s.status IN ('returned', 'withheld', 'partial', 'held')
    )
ORDER BY f.county_code, f.file_name
