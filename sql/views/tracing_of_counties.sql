-- What a county's own login sees: its submissions, why rows were rejected, what was found, what is due. Row by row:
-- whoever is logged in as county_<code> sees that county, anybody else nothing. A barrier: no function of the reader's
-- is asked about a row of another county.
CREATE SCHEMA IF NOT EXISTS county;

CREATE OR REPLACE FUNCTION county.own_code() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN substring(current_user FROM '^county_([0-9]{6})$');

CREATE VIEW county.submission WITH (security_barrier) AS
SELECT * FROM mart.submission WHERE county_code = county.own_code();

CREATE VIEW county.rejection WITH (security_barrier) AS
SELECT * FROM mart.rejection WHERE county_code = county.own_code();

CREATE VIEW county.finding WITH (security_barrier) AS
SELECT * FROM mart.finding WHERE county_code = county.own_code();

CREATE VIEW county.reporting_status WITH (security_barrier) AS
SELECT * FROM mart.reporting_status WHERE county_code = county.own_code();
