-- What a county's own login sees: its submissions, why rows were rejected, findings and what is due. The login
-- county_<code> sees the rows of that county, any other login sees none. The security barrier keeps functions of the
-- reader away from rows of other counties.
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
