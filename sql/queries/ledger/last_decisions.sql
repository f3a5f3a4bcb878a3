-- The last decision on each of these deliveries that covers a form and period.
SELECT DISTINCT ON (delivery_id) *
FROM ops.decision
WHERE
    delivery_id = ANY(CAST(:deliveries AS text[]))
    AND (form IS NULL OR form = :form)
    AND (period IS NULL OR period = :period)
ORDER BY delivery_id, decided_at DESC, decision_id
