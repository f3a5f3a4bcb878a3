-- The dictionary as it was at a moment; an indicator that has left it since has no sort_order.
SELECT h.*, n.sort_order
FROM dim.indicator_history AS h
LEFT JOIN dim.indicator AS n USING (indicator_code)
WHERE
    h.defined_from <= :as_of
    AND (h.defined_to IS NULL OR h.defined_to > :as_of)
    AND h.last_month = :last_month
