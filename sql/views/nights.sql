-- What came of each attempt to collect a county, and which workbooks went back: who reads figures sees why some lack.

-- One row for each county in each run, and one for each of its reports that failed or is worth a note.
CREATE VIEW mart.collection AS
SELECT
    c.run_id,
    c.county_code,
    o.name AS county_name,
    c.form,
    c.period,
    c.first_month,
    c.last_month,
    c.status,
    c.reason_code,
    c.message,
    c.deliveries,
    c.started_at,
    c.ended_at
FROM ops.collection AS c
JOIN dim.org_unit AS o ON o.org_code = c.county_code;

-- The last annotated workbook of each delivery. Of one that was kept the county is still to be told.
CREATE VIEW mart.feedback AS
SELECT DISTINCT ON (f.delivery_id)
    f.delivery_id,
    f.county_code,
    o.name AS county_name,
    f.name AS file_name,
    f.problems,
    f.transport,
    f.status,
    f.reason_code,
    f.sent_at
FROM ops.feedback AS f
JOIN dim.org_unit AS o ON o.org_code = f.county_code
ORDER BY f.delivery_id, f.sent_at DESC;

-- Letters that went out, or did not: nothing of an address is in it.
CREATE VIEW mart.letter AS
SELECT
    l.day,
    l.reader,
    coalesce(o.name, '市级') AS reader_name,
    l.channel,
    l.connection,
    l.status,
    l.tries,
    l.refused,
    l.reason_code,
    l.told_at
FROM ops.letter AS l
LEFT JOIN dim.org_unit AS o ON o.org_code = l.reader;
