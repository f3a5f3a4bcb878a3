-- Schemas, roles, the ledger (ops) and the dimensions. fact.*, calc.* and the views are synchronised from the
-- catalogue by qiangji.warehouse; comments come from sql/dictionary.yaml.

CREATE SCHEMA ops;
CREATE SCHEMA dim;
CREATE SCHEMA fact;
CREATE SCHEMA calc;
CREATE SCHEMA mart;
CREATE SCHEMA mart_zh;

-- ---- the ledger: what was delivered, what of it counts, what was built from it

CREATE TABLE ops.collection (
    run_id text NOT NULL,
    county_code text NOT NULL,
    form text,                       -- NULL: the county as a whole
    period text,
    first_month text NOT NULL,
    last_month text NOT NULL,
    status text NOT NULL CHECK (status IN ('done', 'failed')),
    reason_code text,
    message text,
    deliveries integer NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (run_id, county_code, form, period)
);
CREATE INDEX ON ops.collection (county_code, ended_at DESC);

CREATE TABLE ops.delivery (
    delivery_id text PRIMARY KEY,
    county_code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('csv', 'xlsx', 'ndjson')),
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    received_at timestamptz NOT NULL,
    run_id text NOT NULL
);
CREATE INDEX ON ops.delivery (county_code, name, received_at DESC);

CREATE TABLE ops.source_item (
    county_code text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,           -- as the county system last stated it; empty: it states none
    sha256 text NOT NULL,            -- of the content last fetched
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (county_code, name)
);

CREATE TABLE ops.delivery_part (
    delivery_id text NOT NULL REFERENCES ops.delivery,
    form text NOT NULL,
    period text NOT NULL,
    sha256 text,                     -- where its bytes lie in lake/raw; NULL: not kept
    kind text NOT NULL,
    reason_code text,                -- why it is not kept
    message_zh text,
    message_en text,
    PRIMARY KEY (delivery_id, form, period)
);
CREATE INDEX ON ops.delivery_part (form, period);

CREATE TABLE ops.submission (
    county_code text NOT NULL,
    form text NOT NULL,
    period text NOT NULL,
    delivery_id text NOT NULL REFERENCES ops.delivery,
    catalogue_hash text NOT NULL,
    suite_hash text NOT NULL,
    received_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('accepted', 'partial', 'returned', 'withheld')),
    status text NOT NULL CHECK (status IN ('accepted', 'partial', 'returned', 'withheld', 'held', 'void')),
    revision integer,
    is_current boolean NOT NULL DEFAULT false,
    reason_code text,
    message_zh text,
    message_en text,
    rows_received integer NOT NULL DEFAULT 0,
    rows_accepted integer NOT NULL DEFAULT 0,
    rows_rejected integer NOT NULL DEFAULT 0,
    rows_hash text,
    rejected_hash text,
    rows_non_empty integer NOT NULL DEFAULT 0,
    cells_filled bigint NOT NULL DEFAULT 0,
    cells_total bigint NOT NULL DEFAULT 0,
    is_nil boolean NOT NULL DEFAULT false,
    is_unchanged boolean NOT NULL DEFAULT false,
    held_reason text CHECK ((status = 'held') = (held_reason IS NOT NULL)),
    PRIMARY KEY (delivery_id, form, period, catalogue_hash, suite_hash),
    CHECK (rows_accepted + rows_rejected = rows_received)
);
CREATE UNIQUE INDEX submission_current ON ops.submission (county_code, form, period) WHERE is_current;
CREATE INDEX ON ops.submission (county_code, form, period, received_at DESC, checked_at DESC);

CREATE TABLE ops.decision (
    decision_id text PRIMARY KEY,
    delivery_id text NOT NULL REFERENCES ops.delivery,
    form text,                       -- NULL: all that the delivery holds
    period text,
    action text NOT NULL CHECK (action IN ('release', 'void')),
    reason text NOT NULL CHECK (reason <> ''),
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX ON ops.decision (delivery_id);

CREATE TABLE ops.rejection (
    delivery_id text NOT NULL,
    form text NOT NULL,
    period text NOT NULL,
    county_code text NOT NULL,
    rule text NOT NULL,
    rows integer NOT NULL,           -- rows that break the rule
    example text NOT NULL,           -- address of the first
    message_zh text NOT NULL,
    message_en text NOT NULL,
    PRIMARY KEY (delivery_id, form, period, rule)
);

CREATE TABLE ops.finding (
    finding_id text NOT NULL,        -- of form, period, unit, rule and value: the same finding keeps it
    delivery_id text,                -- the reading that it was found in; NULL: it looks beyond the submission, and
    catalogue_hash text,             -- was found when the month was built
    suite_hash text,
    county_code text NOT NULL,
    form text NOT NULL,
    period text NOT NULL,
    unit_code text NOT NULL,
    org_code text NOT NULL,          -- the unit, or for a villager group its village
    rule text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('warning', 'info')),
    fields text[] NOT NULL,
    value text,
    expected_zh text NOT NULL,
    expected_en text NOT NULL,
    message_zh text NOT NULL,
    message_en text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (finding_id, delivery_id, catalogue_hash, suite_hash)
);
CREATE INDEX ON ops.finding (form, period, county_code);

-- findings that stand: those of current revisions, and contextual ones
CREATE VIEW ops.current_finding AS
SELECT f.*
FROM ops.finding AS f
WHERE f.delivery_id IS NULL
    OR EXISTS (
        SELECT FROM ops.submission AS s
        WHERE
            (s.delivery_id, s.form, s.period, s.catalogue_hash, s.suite_hash)
            = (f.delivery_id, f.form, f.period, f.catalogue_hash, f.suite_hash)
            AND s.is_current
    );

CREATE TABLE ops.build (
    build_id text PRIMARY KEY,
    months text[] NOT NULL,
    started_at timestamptz NOT NULL,
    built_at timestamptz NOT NULL,
    definitions_hash text NOT NULL,
    facts_replaced integer NOT NULL,
    rows_closed bigint NOT NULL,
    rows_inserted bigint NOT NULL,
    seconds jsonb NOT NULL
);

CREATE TABLE ops.fact_load (
    form text NOT NULL,
    period text NOT NULL,
    county_code text NOT NULL,
    rows_hash text NOT NULL,
    revision integer NOT NULL,
    rows integer NOT NULL,
    build_id text NOT NULL,
    corrections_hash text NOT NULL,  -- of the corrections on top of what was sent; empty: none
    PRIMARY KEY (form, period, county_code)
);

CREATE TABLE ops.context_check (
    form text NOT NULL,
    period text NOT NULL,
    county_code text NOT NULL,
    signature text NOT NULL,         -- of all that its contextual expectations looked at
    PRIMARY KEY (form, period, county_code)
);

CREATE TABLE ops.built_month (
    month text PRIMARY KEY,
    signature text NOT NULL,         -- of all that its figures were computed from
    build_id text NOT NULL
);

CREATE TABLE ops.definition (
    name text PRIMARY KEY,           -- what was synchronised from the catalogue
    hash text NOT NULL,
    synced_at timestamptz NOT NULL
);

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
    built_at timestamptz NOT NULL,
    PRIMARY KEY (period, edition, indicator_code, org_code, period_type),
    FOREIGN KEY (period, edition) REFERENCES ops.edition
);

-- ---- dimensions, synchronised from the catalogue

CREATE TABLE dim.org_unit (
    org_code text PRIMARY KEY,
    name text NOT NULL,
    org_level text NOT NULL,
    kind text NOT NULL,
    parent_code text,
    reports boolean NOT NULL,
    valid_from date,
    valid_to date,
    sort_order bigint NOT NULL,
    city_code text,
    county_code text,
    town_code text,
    village_code text,
    path text NOT NULL               -- names from the city down, joined by /
);
CREATE INDEX ON dim.org_unit (parent_code);
CREATE INDEX ON dim.org_unit (org_level, sort_order);

CREATE TABLE dim.period (
    period text NOT NULL,
    period_type text NOT NULL,
    period_start date NOT NULL,
    period_end date NOT NULL,
    last_month text NOT NULL,        -- the partition that carries it
    year integer NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    PRIMARY KEY (period, period_type)
);

CREATE TABLE dim.due (
    form text NOT NULL,
    period text NOT NULL,
    due_date date NOT NULL,
    due_at timestamptz NOT NULL,     -- from this instant what is not there is late
    PRIMARY KEY (form, period)
);

CREATE TABLE dim.county_form (
    county_code text NOT NULL,
    form text NOT NULL,
    transport text NOT NULL,
    PRIMARY KEY (county_code, form)
);

CREATE TABLE dim.expected_units (
    county_code text NOT NULL,
    form text NOT NULL,
    period text NOT NULL,
    expected_units integer NOT NULL,
    PRIMARY KEY (county_code, form, period)
);

CREATE TABLE dim.form (
    form text PRIMARY KEY,
    number text NOT NULL,
    title_zh text NOT NULL,
    title_en text NOT NULL,
    grain text NOT NULL,
    period_type text NOT NULL,
    due_working_day integer NOT NULL
);

CREATE TABLE dim.field (
    form text NOT NULL,
    field text NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    type text NOT NULL,
    kind text NOT NULL,
    unit text NOT NULL,
    is_restricted boolean NOT NULL,
    note_zh text,
    note_en text,
    sort_order integer NOT NULL,
    PRIMARY KEY (form, field)
);

CREATE TABLE dim.indicator (
    indicator_code text PRIMARY KEY,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    definition_zh text NOT NULL,
    definition_en text NOT NULL,
    aspect_code text NOT NULL,
    aspect_zh text NOT NULL,
    aspect_en text NOT NULL,
    initiative_code text NOT NULL,
    initiative_zh text NOT NULL,
    initiative_en text NOT NULL,
    numerator text NOT NULL,
    denominator text NOT NULL,
    factor numeric NOT NULL,
    unit text NOT NULL,
    direction text NOT NULL,
    headline text NOT NULL,
    missing text NOT NULL,
    is_persons boolean NOT NULL,
    forms text[] NOT NULL,
    sort_order integer NOT NULL
);

CREATE TABLE dim.indicator_target (
    indicator_code text NOT NULL REFERENCES dim.indicator ON DELETE CASCADE,
    year integer NOT NULL,
    target numeric NOT NULL,
    PRIMARY KEY (indicator_code, year)
);

CREATE TABLE dim.indicator_due (
    indicator_code text NOT NULL REFERENCES dim.indicator ON DELETE CASCADE,
    period text NOT NULL,
    period_type text NOT NULL,
    due_at timestamptz NOT NULL,     -- every form that it reads is due
    PRIMARY KEY (indicator_code, period, period_type)
);

-- What figures were shown by, and from when until when: a catalogue that changes closes rows and adds new ones.
CREATE TABLE dim.indicator_history (
    indicator_code text NOT NULL,
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
    PRIMARY KEY (indicator_code, defined_from)
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

CREATE TABLE dim.obs_status (
    obs_status text PRIMARY KEY,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    note_zh text NOT NULL,
    note_en text NOT NULL
);
INSERT INTO dim.obs_status VALUES
    ('A', '正常', 'normal', '所有应报单位均已上报', 'all expected units reported'),
    ('P', '不完整', 'partial', '部分应报单位未报，或所报缺分子或分母', 'some expected units did not report, or lacked a side'),
    ('M', '不适用', 'not applicable', '分母为零，或没有应报单位', 'the denominator is 0, or nothing was expected'),
    ('O', '缺报', 'missing', '应报而全部未报', 'expected, and nothing was reported'),
    ('Q', '已隐去', 'suppressed', '为保护个人信息而隐去', 'hidden to protect persons');

CREATE TABLE dim.submission_status (
    status text PRIMARY KEY,
    name_zh text NOT NULL,
    name_en text NOT NULL
);
INSERT INTO dim.submission_status VALUES
    ('not_due', '未到期', 'not due'), ('awaited', '待报', 'awaited'), ('late', '逾期未报', 'late'),
    ('accepted', '已收', 'accepted'), ('partial', '部分记录退回', 'partly rejected'), ('held', '待审', 'held'),
    ('returned', '退回重报', 'returned'), ('withheld', '涉个人信息扣留', 'withheld'), ('failed', '采集失败', 'failed'),
    ('void', '已作废', 'void');

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

-- The one division: exact, rounded once; NULL where there is nothing to divide by.
CREATE FUNCTION mart.ratio(factor numeric, numerator numeric, denominator numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN round(factor * numerator / nullif(denominator, 0), 6);
