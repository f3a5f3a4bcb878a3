-- What goes back to counties, and what they explain.

-- What a county says about a row, in the workbook that came back from it.
CREATE TABLE ops.explanation (
    delivery_id text NOT NULL,
    form text NOT NULL,
    period text NOT NULL,
    county_code text NOT NULL,
    unit_code text NOT NULL,
    explanation text NOT NULL CHECK (explanation <> ''),
    PRIMARY KEY (delivery_id, form, period, unit_code)
);

-- Which delivery got which annotated workbook; the digest is of what is in it, so that it is sent once.
CREATE TABLE ops.feedback (
    delivery_id text NOT NULL,
    digest text NOT NULL,
    basis text NOT NULL,             -- hash of the statuses, forms and suites that it was made by
    county_code text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,            -- of the workbook's bytes, which are kept in no lake
    problems integer NOT NULL,
    transport text NOT NULL CHECK (transport IN ('sftp', 'folder', 'kept')),
    status text NOT NULL CHECK (status IN ('sent', 'failed')),
    reason_code text,
    message text,
    sent_at timestamptz NOT NULL,
    PRIMARY KEY (delivery_id, digest)
);
