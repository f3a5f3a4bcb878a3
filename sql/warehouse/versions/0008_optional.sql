-- A report that is asked for, and whose absence is nobody's fault yet: it is never late.
ALTER TABLE dim.due ADD COLUMN is_optional boolean NOT NULL DEFAULT false;
INSERT INTO dim.submission_status VALUES ('optional', '选报未报', 'optional, not sent');
