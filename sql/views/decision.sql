-- What people decided, a row a decision: on deliveries (release, void), on findings (confirmed, resubmit, open) and on
-- periods (lock, unlock; publish, of which the reason is the edition's name). Nothing of a row's values is in it. A
-- decision on a delivery with several forms or periods has none of these here: mart.report_decision has them.
CREATE VIEW mart.decision AS
SELECT
    d.decision_id,
    d.decided_at,
    d.decided_by,
    d.action,
    e.county_code,
    about.form,
    about.period,
    d.delivery_id,
    e.name AS file_name,
    NULL::text AS finding_id,
    NULL::text AS org_code,
    NULL::text AS rule,
    d.reason
FROM ops.decision AS d
JOIN ops.delivery AS e USING (delivery_id)
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN min(p.form) = max(p.form) THEN min(p.form) END AS form,
        CASE WHEN min(p.period) = max(p.period) THEN min(p.period) END AS period
    FROM ops.delivery_part AS p
    WHERE
        p.delivery_id = d.delivery_id
        AND (d.form IS NULL OR p.form = d.form) AND (d.period IS NULL OR p.period = d.period)
) AS about
UNION ALL
SELECT
    d.disposition_id AS decision_id,
    d.disposed_at AS decided_at,
    d.disposed_by AS decided_by,
    d.disposition AS action,
    f.county_code,
    f.form,
    f.period,
    NULL AS delivery_id,
    NULL AS file_name,
    d.finding_id,
    f.org_code,
    f.rule,
    d.reason
FROM ops.disposition AS d
LEFT JOIN (
    SELECT DISTINCT ON (finding_id) finding_id, county_code, form, period, org_code, rule
    FROM ops.finding
    WHERE finding_id IN (SELECT x.finding_id FROM ops.disposition AS x)
    ORDER BY finding_id
) AS f USING (finding_id)
UNION ALL
SELECT
    l.lock_id AS decision_id,
    l.decided_at,
    l.decided_by,
    l.action,
    NULL AS county_code,
    NULL AS form,
    l.period,
    NULL AS delivery_id,
    NULL AS file_name,
    NULL AS finding_id,
    NULL AS org_code,
    NULL AS rule,
    l.reason
FROM ops.period_lock AS l
UNION ALL
SELECT
    concat_ws(' ', 'edition', e.edition, e.period) AS decision_id,
    e.published_at AS decided_at,
    e.published_by AS decided_by,
    'publish' AS action,
    NULL AS county_code,
    NULL AS form,
    e.period,
    NULL AS delivery_id,
    NULL AS file_name,
    NULL AS finding_id,
    NULL AS org_code,
    NULL AS rule,
    e.edition AS reason
FROM ops.edition AS e;

-- Decisions on reports, a row for each report of the delivery that one was about, with the status that it found. Where
-- that is not on record (NULL), the decision is older than the record of it. A release is about what was held or void.
CREATE VIEW mart.report_decision AS
SELECT
    e.county_code,
    s.form,
    s.period,
    d.delivery_id,
    e.name AS file_name,
    d.decision_id,
    d.action,
    d.decided_at,
    d.decided_by,
    d.reason,
    found.status AS status_before
FROM ops.decision AS d
JOIN ops.delivery AS e USING (delivery_id)
JOIN ops.delivery_part AS s
    ON
        s.delivery_id = d.delivery_id
        AND (d.form IS NULL OR d.form = s.form)
        AND (d.period IS NULL OR d.period = s.period)
LEFT JOIN LATERAL (
    SELECT p.value ->> 'status' AS status
    FROM jsonb_array_elements(d.parts) AS p (value)
    WHERE (p.value ->> 'form', p.value ->> 'period') = (s.form, s.period)
) AS found ON true
WHERE d.action <> 'release' OR coalesce(found.status, 'held') IN ('held', 'void');
