-- The towns that ever held a village in `small`: the table `hiding`. In the year, all beneath such a unit is hidden,
-- and with `itself` the unit too. `step`: the round in which it came.
CREATE TEMP TABLE hiding ON COMMIT DROP AS
SELECT DISTINCT s.year, v.parent_code AS unit, false AS itself, 0 AS step
FROM small AS s
JOIN dim.org_unit_version AS v USING (org_code)
