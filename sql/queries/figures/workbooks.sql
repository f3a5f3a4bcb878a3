-- The last annotated workbook of each of these deliveries, as far as there was one by a moment.
SELECT *
FROM mart.feedback
WHERE sent_at <= :at AND delivery_id = ANY(CAST(:deliveries AS text[]))
ORDER BY county_code, file_name
