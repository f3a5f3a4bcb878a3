-- Months in which a period with figures ends, the last first, with the moment of the last build that was there by then.
SELECT p.last_month AS period, max(b.built_at) AS built_at, bool_or(v.reported_units > 0) AS is_reported
FROM ({{figures}}) AS v
JOIN dim.period AS p ON p.period = v.period AND p.period_type = v.period_type
LEFT JOIN mart.build AS b
    ON p.last_month = ANY(b.months) AND b.built_at <= coalesce(CAST(:as_of AS timestamptz), now())
WHERE v.org_code = :unit
GROUP BY p.last_month
ORDER BY p.last_month DESC
