-- Cells that a person corrected, beside what the county sent. Beneath the county these values are not shown:
--   those of restricted fields
--   those of a villager group's row, which stands at its village
--   at a village, those of fields that count persons
CREATE VIEW mart.correction AS
SELECT
    x.form,
    x.period,
    x.county_code,
    x.org_code,
    o.name AS org_name,
    x.field,
    d.label_zh AS field_zh,
    d.label_en AS field_en,
    x.action,
    CASE WHEN shown.it THEN x.value_sent END AS value_sent,
    CASE WHEN shown.it THEN x.value_corrected END AS value_corrected,
    CASE WHEN shown.it THEN x.value_found END AS value_found,
    x.reason,
    x.declared_by,
    x.declared_on,
    x.state,
    x.place
FROM ops.correction AS x
LEFT JOIN dim.org_unit AS o ON o.org_code = x.org_code
LEFT JOIN dim.field AS d ON d.form = x.form AND d.field = x.field
CROSS JOIN LATERAL (
    SELECT
        o.org_level IN ('city', 'county') OR (
            x.unit_code = x.org_code
            AND NOT coalesce(d.is_restricted, false)
            AND NOT (
                o.org_level = 'village'
                AND EXISTS (
                    SELECT FROM dim.indicator_field AS r
                    JOIN dim.indicator AS i USING (indicator_code)
                    WHERE r.form = x.form AND r.field = x.field AND i.is_persons
                )
            )
        ) AS it
) AS shown;
