-- Months with a finding on which somebody decided something since the month was built.
SELECT DISTINCT b.month
FROM ops.disposition AS d
JOIN ops.finding AS f USING (finding_id)
JOIN dim.period AS p ON p.period = f.period
JOIN ops.built_month AS b ON b.month = p.last_month
JOIN ops.build AS x USING (build_id)
WHERE d.disposed_at > x.started_at
