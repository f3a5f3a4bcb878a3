-- Rows of these periods that a build no longer has: they end here.
UPDATE calc.{{table}} AS t
SET built_to = :at
WHERE built_to IS NULL
    AND (t.period, t.period_type) IN (SELECT * FROM unnest(CAST(:periods AS text[]), CAST(:types AS text[])))
    AND {{among}}
    AND {{condition}}
