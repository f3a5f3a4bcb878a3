-- A figure's status, in SDMX's precedence (see dim.obs_status). What was left blank is incomplete (P); not applicable
-- (M) is only what cannot be: a denominator of 0, nothing expected, or, where the build says nothing about units that
-- lack a side, a figure that does not exist in such a period (distinct persons of a quarter).
CREATE OR REPLACE FUNCTION mart.obs_status(
    is_hidden boolean,
    expected_units numeric,
    reported_units numeric,
    numerator numeric,
    denominator numeric,
    units_lacking numeric
) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN is_hidden THEN 'Q'
        WHEN expected_units > 0 AND reported_units = 0 THEN 'O'
        WHEN expected_units = 0 OR denominator = 0 OR units_lacking IS NULL THEN 'M'
        WHEN numerator IS NULL OR denominator IS NULL OR reported_units < expected_units OR units_lacking > 0 THEN 'P'
        ELSE 'A'
    END;
UPDATE dim.obs_status
SET
    note_zh = '部分应报单位未报，或所报缺分子或分母（全缺则无值）',
    note_en = 'some expected units did not report, or lacked a side (no value if all did)'
WHERE obs_status = 'P';
UPDATE dim.obs_status
SET
    note_zh = '分母为零，没有应报单位，或该指标没有这类报告期的值',
    note_en = 'the denominator is 0, nothing was expected, or there is no such figure of this type of period'
WHERE obs_status = 'M';

-- Units of the tree whose rows differ between the two revisions; NULL: all that the report has, or not known.
ALTER TABLE ops.fact_change ADD COLUMN units text[];

-- What `mart.indicator_reason` asks of each figure: the units that lie or lay beneath one, and those that changed.
CREATE INDEX ON dim.org_unit_version (parent_code);
CREATE INDEX ON dim.org_unit_version (org_code) WHERE version > 1 OR valid_from IS NOT NULL OR valid_to IS NOT NULL;
