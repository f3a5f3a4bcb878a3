-- An indicator as it is called, with one version of its definition, and the indicators of which a unit has figures.
SELECT
    i.indicator_code, i.name_zh, i.name_en, i.unit, i.direction, i.headline,
    n.owner_zh, n.owner_en, n.source_zh, n.source_en,
    d.version, d.first_month, d.last_month, d.definition_zh, d.definition_en, d.numerator_zh, d.numerator_en,
    d.denominator_zh, d.denominator_en, d.factor, d.missing, d.forms,
    ARRAY(SELECT DISTINCT v.indicator_code FROM ({{figures}}) AS v WHERE v.org_code = :unit) AS with_figures
FROM ({{dictionary}}) AS i
JOIN mart.indicator_definition AS d USING (indicator_code)
LEFT JOIN dim.indicator AS n USING (indicator_code)
WHERE i.indicator_code = :indicator AND d.version = :version
