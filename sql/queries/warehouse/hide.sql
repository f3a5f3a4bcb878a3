-- Hides the figures in `small`. With a closed one it hides what stood beside it at the same time: the other villages
-- of its town, and the town itself where no other village had a figure.
UPDATE {{table}} AS t SET {{h}} = true
FROM small AS s, dim.org_unit AS o
WHERE
    o.org_code = t.org_code
    AND t.{{h}} IS NOT TRUE
    AND (t.period, t.period_type) = (s.period, s.period_type)
    AND t.built_from < s.built_to
    AND s.built_from < coalesce(t.built_to, 'infinity')
    AND (
        t.org_code = s.org_code
        OR s.built_to < 'infinity' AND (
            o.parent_code = s.parent_code
            OR t.org_code = s.parent_code AND NOT EXISTS (
                SELECT FROM {{table}} AS x
                JOIN dim.org_unit AS y USING (org_code)
                WHERE
                    y.parent_code = s.parent_code
                    AND x.org_code <> s.org_code
                    AND x.{{n}} > 0
                    AND (x.period, x.period_type) = (s.period, s.period_type)
            )
        )
    )
