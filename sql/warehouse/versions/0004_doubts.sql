-- What a check asks about a report as a whole: the report is held until a person decides.
ALTER TABLE ops.submission ADD COLUMN doubt text, ADD COLUMN doubt_zh text, ADD COLUMN doubt_en text;
ALTER TABLE ops.submission ADD CHECK (
    (doubt IS NULL) = (doubt_zh IS NULL) AND (doubt IS NULL) = (doubt_en IS NULL)
);
