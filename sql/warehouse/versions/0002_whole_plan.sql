-- What the whole plan needs beyond the first tables: why figures changed, what they were shown by, the tree in time.

ALTER TABLE dim.indicator ADD COLUMN shortest_period text NOT NULL DEFAULT 'month';
ALTER TABLE dim.indicator ADD COLUMN is_restricted boolean NOT NULL DEFAULT false;
ALTER TABLE dim.indicator ADD COLUMN definition_version integer NOT NULL DEFAULT 1;
-- the catalogue fills them with every synchronisation
ALTER TABLE dim.indicator ALTER shortest_period DROP DEFAULT, ALTER is_restricted DROP DEFAULT,
    ALTER definition_version DROP DEFAULT;

ALTER TABLE dim.period ADD COLUMN month_number integer;    -- of its last month, counted since year 0
ALTER TABLE dim.period ADD COLUMN previous_period text;
ALTER TABLE dim.period ADD COLUMN previous_quarter text;   -- of a year to date: three months before, in its year
ALTER TABLE dim.period ADD COLUMN year_ago_period text;

ALTER TABLE ops.build ADD COLUMN tree_hash text NOT NULL DEFAULT '';
ALTER TABLE ops.build ALTER tree_hash DROP DEFAULT;

ALTER TABLE ops.submission ADD COLUMN held_reason text;
UPDATE ops.submission SET held_reason = 'far_fewer_rows' WHERE status = 'held';
ALTER TABLE ops.submission ADD CHECK ((status = 'held') = (held_reason IS NOT NULL));

ALTER TABLE ops.fact_load ADD COLUMN corrections_hash text NOT NULL DEFAULT '';  -- of those on top of what was sent
ALTER TABLE ops.fact_load ALTER corrections_hash DROP DEFAULT;

-- What each build put in the place of what the facts showed; the same rows under another number are no change.
CREATE TABLE ops.fact_change (
    build_id text NOT NULL,
    form text NOT NULL,
    period text NOT NULL,
    county_code text NOT NULL,
    revision_before integer,         -- NULL: there was none
    rows_hash_before text,
    delivery_before text,
    revision integer,                -- NULL: there is none any more
    rows_hash text,
    delivery_id text,
    corrections_before text NOT NULL,
    corrections_hash text NOT NULL,
    PRIMARY KEY (form, period, county_code, build_id)
);
CREATE INDEX ON ops.fact_change (build_id);

-- How the corrections that persons declare stand against what counties sent; the last build filled it.
CREATE TABLE ops.correction (
    form text NOT NULL,
    period text NOT NULL,
    county_code text NOT NULL,
    unit_code text NOT NULL,
    org_code text NOT NULL,          -- the unit, or for a villager group its village
    field text NOT NULL,
    action text NOT NULL CHECK (action IN ('set', 'missing', 'leave_out')),
    value_sent text NOT NULL,        -- -: an empty cell
    value_corrected text NOT NULL,
    value_found text,                -- stale: what the report has instead
    reason text NOT NULL,
    declared_by text NOT NULL,
    declared_on date NOT NULL,
    state text NOT NULL CHECK (state IN ('applied', 'waiting', 'stale')),
    place text NOT NULL,             -- file and entry
    PRIMARY KEY (form, period, unit_code, field)
);

-- Locks of periods, as events: a period is locked from a lock to the unlock after it.
CREATE TABLE ops.period_lock (
    lock_id text PRIMARY KEY,
    period text NOT NULL,
    action text NOT NULL CHECK (action IN ('lock', 'unlock')),
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL
);

-- Figures of a period as a person published them; never changed.
CREATE TABLE ops.edition (
    edition text NOT NULL CHECK (edition <> ''),
    period text NOT NULL,
    published_by text NOT NULL,
    published_at timestamptz NOT NULL,
    figures bigint NOT NULL,
    reservations text[] NOT NULL,    -- what was not complete
    rows_hash text NOT NULL,         -- names the file in lake/editions
    PRIMARY KEY (period, edition)
);

CREATE TABLE ops.published_value (
    edition text NOT NULL,
    period text NOT NULL,
    indicator_code text NOT NULL,
    org_code text NOT NULL,
    org_level text NOT NULL,
    period_type text NOT NULL,
    numerator numeric,
    denominator numeric,
    value numeric,
    target numeric,
    expected_units bigint,
    reported_units bigint,
    reporting_rate numeric,
    obs_status text NOT NULL,
    is_corrected boolean NOT NULL,
    has_warning boolean NOT NULL,
    is_closed boolean NOT NULL,
    definition_version integer NOT NULL,
    built_at timestamptz NOT NULL,
    PRIMARY KEY (period, edition, indicator_code, org_code, period_type),
    FOREIGN KEY (period, edition) REFERENCES ops.edition
);

-- What became of findings: one line a decision, the last of a finding counts. It stays with the finding's id.
CREATE TABLE ops.disposition (
    disposition_id text PRIMARY KEY,
    finding_id text NOT NULL,
    disposition text NOT NULL CHECK (disposition IN ('open', 'confirmed', 'resubmit')),
    reason text NOT NULL CHECK (reason <> ''),
    disposed_by text NOT NULL,
    disposed_at timestamptz NOT NULL
);
CREATE INDEX ON ops.disposition (finding_id, disposed_at DESC);

CREATE VIEW ops.last_disposition AS
SELECT DISTINCT ON (finding_id) *
FROM ops.disposition
ORDER BY finding_id, disposed_at DESC, disposition_id;

-- What figures were shown by, and from when until when: a catalogue that changes closes rows and adds new ones. An
-- indicator that was redefined has a row for each definition, with the months that its periods may end in.
CREATE TABLE dim.indicator_history (
    indicator_code text NOT NULL,
    version integer NOT NULL,
    first_month text NOT NULL,
    last_month text NOT NULL,
    calc_table text NOT NULL,        -- where its sums lie
    factor numeric NOT NULL,
    targets jsonb NOT NULL,          -- year -> target
    is_restricted boolean NOT NULL,  -- once restricted, all of its past is
    missing text NOT NULL,
    forms text[] NOT NULL,
    numerator_zh text NOT NULL,
    numerator_en text NOT NULL,
    denominator_zh text NOT NULL,
    denominator_en text NOT NULL,
    definition_zh text NOT NULL,
    definition_en text NOT NULL,
    definition_hash text NOT NULL,   -- changes with anything that its figures follow from
    name_zh text NOT NULL,
    name_en text NOT NULL,
    unit text NOT NULL,
    direction text NOT NULL,
    headline text NOT NULL,
    shortest_period text NOT NULL,
    defined_from timestamptz NOT NULL,
    defined_to timestamptz,
    PRIMARY KEY (indicator_code, version, defined_from)
);

CREATE TABLE dim.indicator_due_history (
    indicator_code text NOT NULL,
    period text NOT NULL,
    period_type text NOT NULL,
    due_at timestamptz NOT NULL,
    defined_from timestamptz NOT NULL,
    defined_to timestamptz,
    PRIMARY KEY (indicator_code, period, period_type, defined_from)
);

CREATE TABLE dim.indicator_field (
    indicator_code text NOT NULL REFERENCES dim.indicator ON DELETE CASCADE,
    form text NOT NULL,
    field text NOT NULL,
    PRIMARY KEY (indicator_code, form, field)
);

-- every line of org_units.csv: a unit that changed name or parent and kept its code has several
CREATE TABLE dim.org_unit_version (
    org_code text NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    org_level text NOT NULL,
    kind text NOT NULL,
    parent_code text,
    reports boolean NOT NULL,
    valid_from date,
    valid_to date,
    PRIMARY KEY (org_code, version)
);

CREATE TABLE dim.org_lineage (
    kind text NOT NULL,
    from_code text NOT NULL,
    to_code text NOT NULL,
    on_date date NOT NULL,           -- the first day of the new state
    share numeric,
    PRIMARY KEY (from_code, to_code, on_date, kind)
);

-- A figure's status, in SDMX's precedence (see dim.obs_status).
CREATE FUNCTION mart.obs_status(
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
        WHEN expected_units = 0 OR numerator IS NULL OR coalesce(denominator, 0) = 0 THEN 'M'
        WHEN reported_units < expected_units OR units_lacking > 0 THEN 'P'
        ELSE 'A'
    END;
