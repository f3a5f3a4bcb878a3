-- Hides all restated figures of the years of which any figure is hidden, at every moment.
UPDATE {{table}} AS t SET {{h}} = true
FROM dim.period AS p
WHERE
    (p.period, p.period_type) = (t.period, t.period_type)
    AND (p.year IN (SELECT year FROM small) OR p.year IN (SELECT year FROM small_restated))
    AND t.{{h}} IS NOT TRUE
    AND coalesce(t.{{n}}, t.{{d}}) IS NOT NULL
