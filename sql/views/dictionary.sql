-- The dictionary, as data.
CREATE VIEW mart.indicator AS SELECT * FROM dim.indicator;

CREATE VIEW mart.field AS
SELECT f.*, m.title_zh AS form_zh, m.title_en AS form_en
FROM dim.field AS f
JOIN dim.form AS m USING (form);
