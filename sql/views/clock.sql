-- Time where the reports are made. Sessions have a zone of their own, by which the same text would mean another moment.
CREATE OR REPLACE FUNCTION mart.moment(written text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
SET timezone = '{{zone}}'
RETURN written::timestamptz;
COMMENT ON FUNCTION mart.moment IS '文本所指的时刻，未写时区的按各县所在时区 / the moment that a text means, by the counties'' time';

CREATE OR REPLACE FUNCTION mart.local_day(moment timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN (moment AT TIME ZONE '{{zone}}')::date;
COMMENT ON FUNCTION mart.local_day IS '某一时刻在各县所在时区的日期 / the day of a moment by the counties'' time';
