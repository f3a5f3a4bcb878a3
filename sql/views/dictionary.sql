-- The dictionary, as data.
CREATE VIEW mart.indicator AS SELECT * FROM dim.indicator;

-- The definitions of each indicator, past and present: a version begins where the series breaks.
CREATE VIEW mart.indicator_definition AS
SELECT
    indicator_code,
    version,
    nullif(first_month, '0001-01') AS first_month,
    nullif(last_month, '9999-12') AS last_month,
    definition_zh,
    definition_en,
    numerator_zh,
    numerator_en,
    denominator_zh,
    denominator_en,
    factor,
    missing,
    forms
FROM dim.indicator_history
WHERE defined_to IS NULL;

CREATE VIEW mart.field AS
SELECT f.*, m.title_zh AS form_zh, m.title_en AS form_en
FROM dim.field AS f
JOIN dim.form AS m USING (form);
