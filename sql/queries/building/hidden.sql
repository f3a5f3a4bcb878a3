-- Units with a hidden figure in these periods, and which figures those are.
SELECT org_code, org_level, period_type, {{flags}}
FROM {{table}}
WHERE built_to IS NULL
    AND (period_type, period) IN (SELECT * FROM unnest(CAST(:types AS text[]), CAST(:periods AS text[])))
    AND ({{any_flag}})
