-- How each report of a delivery stands: held, if one of its readings is, else as the last reading.
SELECT DISTINCT ON (form, period) form, period, status
FROM ops.submission
WHERE delivery_id = :d
ORDER BY form, period, status = 'held' DESC, checked_at DESC
