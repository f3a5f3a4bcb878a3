-- One figure with its definition; without a period type the indicator's headline, if there is one, else not the year
-- to date.
SELECT
    v.*, i.name_zh, i.name_en, i.unit, i.direction, i.headline, i.missing, i.forms, i.factor,
    i.numerator_zh, i.numerator_en, i.denominator_zh, i.denominator_en, i.definition_zh, i.definition_en,
    i.definition_hash, i.defined_from, m.first_month, m.last_month, o.name AS org_name, h.units_lacking,
    s.name_zh AS obs_status_zh, s.name_en AS obs_status_en
FROM mart.indicator_value AS v
JOIN dim.indicator_history AS i
    ON (i.indicator_code, i.version) = (v.indicator_code, v.definition_version) AND i.defined_to IS NULL
JOIN mart.indicator_definition AS m ON (m.indicator_code, m.version) = (i.indicator_code, i.version)
JOIN mart.indicator_value_history AS h
    ON
        (h.indicator_code, h.org_code, h.period, h.period_type)
        = (v.indicator_code, v.org_code, v.period, v.period_type)
        AND h.built_to IS NULL AND h.defined_to IS NULL
JOIN dim.org_unit AS o ON o.org_code = v.org_code
JOIN dim.obs_status AS s ON s.obs_status = v.obs_status
WHERE
    v.indicator_code = :indicator AND v.org_code = :org AND v.period = :period
    AND (CAST(:type AS text) IS NULL OR v.period_type = :type)
ORDER BY v.period_type = i.headline DESC, v.period_type <> 'ytd' DESC
LIMIT 1
