-- Runs once, as the superuser, when the data folder is made: two databases and who may log in. Passwords are files of
-- SECRETS_FOLDER (by default /run/secrets) and are on no command line. A reader whose file is empty or missing exists
-- but cannot log in.
\set ON_ERROR_STOP on
\set folder /run/secrets
\getenv folder SECRETS_FOLDER
\set airflow `cat :'folder'/airflow_db_password`
\set owner `cat :'folder'/qiangji_owner_password`
\set analyst `cat :'folder'/qiangji_analyst_password 2>/dev/null`
\set board `cat :'folder'/qiangji_board_password 2>/dev/null`
\set bi `cat :'folder'/qiangji_bi_password 2>/dev/null`
\set county_systems `cat :'folder'/county_systems_password 2>/dev/null`
SELECT :'airflow' = '' OR :'owner' = '' AS lacks_a_password \gset
\if :lacks_a_password
    \warn airflow_db_password or qiangji_owner_password is empty or cannot be read: nothing was made
    SELECT 1 / 0 AS "airflow_db_password or qiangji_owner_password is empty or cannot be read";
\endif

CREATE ROLE airflow LOGIN PASSWORD :'airflow';
CREATE DATABASE airflow OWNER airflow;
REVOKE ALL ON DATABASE airflow FROM PUBLIC;

CREATE ROLE qiangji_owner LOGIN PASSWORD :'owner';
CREATE ROLE qiangji_loader NOLOGIN;
CREATE ROLE qiangji_analyst NOLOGIN;
CREATE ROLE qiangji_bi NOLOGIN;
CREATE ROLE qiangji_board NOLOGIN;
CREATE ROLE qiangji_county NOLOGIN;
-- what the package sets where it makes these roles itself: a runaway query ends, and readers only read
ALTER ROLE qiangji_analyst SET statement_timeout = '60s';
ALTER ROLE qiangji_analyst SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE qiangji_analyst SET default_transaction_read_only = on;
ALTER ROLE qiangji_bi SET statement_timeout = '60s';
ALTER ROLE qiangji_bi SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE qiangji_bi SET default_transaction_read_only = on;
ALTER ROLE qiangji_board SET statement_timeout = '60s';
ALTER ROLE qiangji_board SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE qiangji_board SET default_transaction_read_only = on;
-- tools with pools cannot take the pipeline's connections, and some of the server are reserved for it (after a restart,
-- which the image does by itself)
ALTER SYSTEM SET max_connections = 200;
ALTER SYSTEM SET reserved_connections = 20;
ALTER ROLE qiangji_analyst CONNECTION LIMIT 20;
ALTER ROLE qiangji_bi CONNECTION LIMIT 60;
ALTER ROLE qiangji_board CONNECTION LIMIT 40;
GRANT pg_use_reserved_connections TO qiangji_owner, qiangji_loader;
CREATE DATABASE qiangji OWNER qiangji_owner;
REVOKE ALL ON DATABASE qiangji FROM PUBLIC;
GRANT CONNECT ON DATABASE qiangji TO qiangji_loader, qiangji_analyst, qiangji_bi, qiangji_board, qiangji_county;
GRANT TEMPORARY ON DATABASE qiangji TO qiangji_loader;

SELECT :'analyst' <> '' AS has_analyst, :'bi' <> '' AS has_bi, :'board' <> '' AS has_board,
    :'county_systems' <> '' AS has_county_systems \gset
\if :has_analyst
    ALTER ROLE qiangji_analyst LOGIN PASSWORD :'analyst';
\endif
\if :has_bi
    ALTER ROLE qiangji_bi LOGIN PASSWORD :'bi';
\endif
\if :has_board
    ALTER ROLE qiangji_board LOGIN PASSWORD :'board';
\endif
\if :has_county_systems
    CREATE ROLE county_systems LOGIN CREATEDB CREATEROLE PASSWORD :'county_systems';
\endif
