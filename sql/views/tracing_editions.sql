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
        SELECT DISTINCT r.cause
        FROM mart.indicator_reason(f.indicator_code, f.org_code, f.period, f.period_type, f.published_at, now()) AS r
        ORDER BY r.cause
    ) AS causes,
    f.published_at
FROM (
    SELECT
        b.edition,
        b.indicator_code,
        b.org_code,
        b.org_level,
        b.period,
        b.period_type,
        b.published_at,
        b.numerator AS numerator_before,
        a.numerator,
        b.denominator AS denominator_before,
        a.denominator,
        b.value AS value_before,
        a.value,
        b.target AS target_before,
        a.target,
        b.expected_units AS expected_units_before,
        a.expected_units,
        b.reported_units AS reported_units_before,
        a.reported_units,
        b.obs_status AS obs_status_before,
        a.obs_status
    FROM mart.published_value AS b
    LEFT JOIN mart.indicator_value AS a
        ON
            a.indicator_code = b.indicator_code AND a.org_code = b.org_code
            AND a.period = b.period AND a.period_type = b.period_type
    UNION ALL
    SELECT
        e.edition,
        a.indicator_code,
        a.org_code,
        a.org_level,
        a.period,
        a.period_type,
        e.published_at,
        NULL,
        a.numerator,
        NULL,
        a.denominator,
        NULL,
        a.value,
        NULL,
        a.target,
        NULL,
        a.expected_units,
        NULL,
        a.reported_units,
        NULL,
        a.obs_status
    FROM mart.edition AS e
    JOIN mart.indicator_value AS a ON a.period = e.period
    WHERE NOT EXISTS (
        SELECT FROM ops.published_value AS b
        WHERE
            b.edition = e.edition AND b.period = e.period AND b.indicator_code = a.indicator_code
            AND b.org_code = a.org_code AND b.period_type = a.period_type
    )
) AS f
WHERE
    (
        f.numerator_before, f.denominator_before, f.value_before, f.target_before, f.expected_units_before,
        f.reported_units_before, f.obs_status_before
    ) IS DISTINCT FROM (
        f.numerator, f.denominator, f.value, f.target, f.expected_units, f.reported_units, f.obs_status
    );
