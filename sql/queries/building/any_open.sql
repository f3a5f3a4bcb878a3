-- Whether there is a row of these periods, of all units or of some, that has not ended.
SELECT EXISTS (
    SELECT FROM calc.{{table}}
    WHERE built_to IS NULL
        AND (period, period_type) IN (SELECT * FROM unnest(CAST(:periods AS text[]), CAST(:types AS text[])))
)
