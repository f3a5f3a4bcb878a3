-- What a figure was shown as, and from when until when.
SELECT
    h.numerator, h.denominator, h.value, h.target, h.expected_units, h.reported_units, h.obs_status,
    greatest(h.built_from, h.defined_from) AS shown_from, least(h.built_to, h.defined_to) AS shown_to
FROM mart.indicator_value_history AS h
WHERE
    h.indicator_code = :indicator AND h.org_code = :org AND h.period = :period AND h.period_type = :type
ORDER BY shown_from
