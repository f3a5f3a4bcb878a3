-- A figure is due with the last report of its indicator's forms that ends in the same month as the figure's period.
INSERT INTO dim.indicator_due
SELECT i.indicator_code, p.period, p.period_type, max(d.due_at)
FROM dim.indicator AS i
CROSS JOIN unnest(i.forms) AS f (form)
JOIN dim.form USING (form)
JOIN dim.due AS d ON d.form = f.form
JOIN dim.period AS own ON own.period = d.period AND own.period_type = form.period_type
JOIN dim.period AS p ON p.last_month = own.last_month
GROUP BY 1, 2, 3
