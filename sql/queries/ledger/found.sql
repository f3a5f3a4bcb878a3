-- How each report of a delivery stands, and what is asked about it: held, if one of its readings is, else as the last
-- reading; NULL where no check has seen it.
SELECT DISTINCT ON (p.form, p.period)
    p.form,
    p.period,
    d.county_code,
    s.status,
    CASE
        WHEN s.status = 'held' THEN CASE s.held_reason
            WHEN 'period_locked' THEN '报告期锁定后收到（或重新读取）'
            WHEN 'far_fewer_rows' THEN '记录数远少于此前版本'
            ELSE coalesce(s.doubt_zh, '')
        END
        ELSE ''
    END AS asks_zh,
    CASE WHEN s.status = 'held' THEN coalesce(s.held_reason, '') ELSE '' END AS asks_en
FROM ops.delivery AS d
JOIN ops.delivery_part AS p USING (delivery_id)
LEFT JOIN ops.submission AS s USING (delivery_id, form, period)
WHERE d.delivery_id = :d
ORDER BY p.form, p.period, coalesce(s.status = 'held', false) DESC, s.checked_at DESC
