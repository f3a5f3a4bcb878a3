-- Who answers for an indicator, where its figures come from, and how far behind its path it may be without being red.
ALTER TABLE dim.indicator ADD COLUMN owner_zh text;
ALTER TABLE dim.indicator ADD COLUMN owner_en text;
ALTER TABLE dim.indicator ADD COLUMN source_zh text NOT NULL DEFAULT '';
ALTER TABLE dim.indicator ADD COLUMN source_en text NOT NULL DEFAULT '';
ALTER TABLE dim.indicator ADD COLUMN tolerance numeric;

CREATE TABLE dim.progress (
    progress text PRIMARY KEY,
    name_zh text NOT NULL,
    name_en text NOT NULL
);
INSERT INTO dim.progress VALUES
('reached', '已达年度目标', 'yearly target reached'),
('on_path', '符合进度', 'on the path'),
('catching_up', '落后，照此可按期达标', 'behind, in time at this pace'),
('behind', '落后于进度', 'behind the path');

-- Groups of units that people compare, across the tree: towns of emigrants' families, villages that lag.
CREATE TABLE dim.org_group (
    group_code text PRIMARY KEY,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    sort_order integer NOT NULL
);
CREATE TABLE dim.org_group_member (
    group_code text NOT NULL REFERENCES dim.org_group ON DELETE CASCADE,
    org_code text NOT NULL,
    PRIMARY KEY (group_code, org_code)
);
CREATE INDEX ON dim.org_group_member (org_code);

-- Halves of a year are periods: the half before, of a year to date of half-yearly forms.
ALTER TABLE dim.period ADD COLUMN previous_half text;
