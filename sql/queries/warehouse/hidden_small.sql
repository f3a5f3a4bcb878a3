-- Villages' figures that a rule of suppression hides and that were shown: the table `small`, with their life time.
CREATE TEMP TABLE small ON COMMIT DROP AS
SELECT
    t.org_code,
    o.parent_code,
    t.period,
    t.period_type,
    t.built_from,
    coalesce(t.built_to, 'infinity') AS built_to
FROM {{table}} AS t
JOIN dim.org_unit AS o USING (org_code)
WHERE
    t.org_level = 'village'
    AND t.{{h}} IS NOT TRUE
    AND (
        (t.{{n}} > 0 AND t.{{n}} < :threshold)
        OR (:all_or_none AND t.{{d}} > 0 AND t.{{n}} IN (0, t.{{d}}))
    )
