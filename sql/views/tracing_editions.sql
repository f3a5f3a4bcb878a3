-- Editions: the figures of a period as a person published them, and what has changed since.
CREATE VIEW mart.edition AS
SELECT
    e.edition,
    e.period,
    p.period_start,
    p.period_end,
    e.published_by,
    e.published_at,
    e.figures,
    e.reservations
FROM ops.edition AS e
JOIN dim.period AS p ON p.period = e.period AND p.period_type <> 'ytd';

CREATE VIEW mart.published_value AS
SELECT
    v.edition,
    v.indicator_code,
    v.org_code,
    v.org_level,
    v.period,
    v.period_type,
    p.period_start,
    p.period_end,
    trim_scale(v.numerator) AS numerator,
    trim_scale(v.denominator) AS denominator,
    round(v.value, 6) AS value,
    trim_scale(v.target) AS target,
    v.expected_units,
    v.reported_units,
    round(v.reporting_rate, 6) AS reporting_rate,
    v.obs_status,
    v.is_corrected,
    v.has_warning,
    v.is_closed,
    v.definition_version,
    v.built_at,
    e.published_by,
    e.published_at
FROM ops.published_value AS v
JOIN ops.edition AS e USING (period, edition)
JOIN dim.period AS p ON p.period = v.period AND p.period_type = v.period_type
-- an indicator that is restricted now is hidden beneath the county in older editions, too
WHERE
    v.org_level IN ('city', 'county')
    OR v.indicator_code NOT IN (SELECT h.indicator_code FROM dim.indicator_history AS h WHERE h.is_restricted);

-- Figures that differ from an edition, with the causes since it was published. Included are figures that the edition
-- does not have (a new indicator, a unit's first figure) and figures that are no longer shown.
CREATE VIEW mart.published_change AS
SELECT
    f.edition,
    f.indicator_code,
    f.org_code,
    f.org_level,
    f.period,
    f.period_type,
    f.numerator_before,
    f.numerator,
    f.denominator_before,
    f.denominator,
    f.value_before,
    f.value,
    f.value - f.value_before AS change,
    f.target_before,
    f.target,
    f.expected_units_before,
    f.expected_units,
    f.reported_units_before,
    f.reported_units,
    f.obs_status_before,
    f.obs_status,
    f.obs_status_before IS NULL AS is_first_shown,
    ARRAY(
        SELECT r.cause
        FROM mart.indicator_reason(f.indicator_code, f.org_code, f.period, f.period_type, f.published_at, now()) AS r
        UNION
        SELECT 'suppression'
        WHERE (f.obs_status_before = 'Q') <> (f.obs_status = 'Q')
        ORDER BY cause
    ) AS causes,
    f.published_at
FROM (
    -- beneath each other and grouped: a join of the two would be planned for one row, and take minutes for many
    SELECT
        s.edition,
        s.indicator_code,
        s.org_code,
        max(s.org_level) AS org_level,
        s.period,
        s.period_type,
        s.published_at,
        max(s.numerator) FILTER (WHERE s.is_published) AS numerator_before,
        max(s.numerator) FILTER (WHERE NOT s.is_published) AS numerator,
        max(s.denominator) FILTER (WHERE s.is_published) AS denominator_before,
        max(s.denominator) FILTER (WHERE NOT s.is_published) AS denominator,
        max(s.value) FILTER (WHERE s.is_published) AS value_before,
        max(s.value) FILTER (WHERE NOT s.is_published) AS value,
        max(s.target) FILTER (WHERE s.is_published) AS target_before,
        max(s.target) FILTER (WHERE NOT s.is_published) AS target,
        max(s.expected_units) FILTER (WHERE s.is_published) AS expected_units_before,
        max(s.expected_units) FILTER (WHERE NOT s.is_published) AS expected_units,
        max(s.reported_units) FILTER (WHERE s.is_published) AS reported_units_before,
        max(s.reported_units) FILTER (WHERE NOT s.is_published) AS reported_units,
        max(s.obs_status) FILTER (WHERE s.is_published) AS obs_status_before,
        max(s.obs_status) FILTER (WHERE NOT s.is_published) AS obs_status
    FROM (
        SELECT
            b.edition,
            b.indicator_code,
            b.org_code,
            b.org_level,
            b.period,
            b.period_type,
            b.published_at,
            true AS is_published,
            b.numerator,
            b.denominator,
            b.value,
            b.target,
            b.expected_units,
            b.reported_units,
            b.obs_status
        FROM mart.published_value AS b
        UNION ALL
        SELECT
            e.edition,
            a.indicator_code,
            a.org_code,
            a.org_level,
            a.period,
            a.period_type,
            e.published_at,
            false,
            a.numerator,
            a.denominator,
            a.value,
            a.target,
            a.expected_units,
            a.reported_units,
            a.obs_status
        FROM mart.edition AS e
        JOIN mart.indicator_value AS a ON a.period = e.period
    ) AS s
    GROUP BY s.edition, s.indicator_code, s.org_code, s.period, s.period_type, s.published_at
) AS f
WHERE
    (
        f.numerator_before, f.denominator_before, f.value_before, f.target_before, f.expected_units_before,
        f.reported_units_before, f.obs_status_before
    ) IS DISTINCT FROM (
        f.numerator, f.denominator, f.value, f.target, f.expected_units, f.reported_units, f.obs_status
    )
    AND (
        f.obs_status_before IS NOT NULL
        OR NOT EXISTS (
            SELECT FROM ops.published_value AS b
            WHERE
                b.edition = f.edition AND b.period = f.period AND b.indicator_code = f.indicator_code
                AND b.org_code = f.org_code AND b.period_type = f.period_type
        )
    );
