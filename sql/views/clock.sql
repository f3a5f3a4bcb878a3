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

-- Nobody knows what will be shown: a moment to come is an error, as on the command line. Clocks may differ a little.
CREATE OR REPLACE FUNCTION mart.is_past(moment timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
BEGIN
    IF moment > clock_timestamp() + interval '1 minute' THEN
        RAISE EXCEPTION '% 尚未到来：应为已过去的时间。 % is still to come (expected a time that was)', moment, moment
            USING ERRCODE = 'datetime_field_overflow';
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION mart.is_past IS '时刻已过；未到则报错 / whether a moment was; an error if it is to come';
