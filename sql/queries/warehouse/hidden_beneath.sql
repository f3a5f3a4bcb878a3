-- Every unit, and every unit above it that it ever lay in: the table `beneath`. `is_only`: it never lay in another one
-- of that level.
CREATE TEMP TABLE beneath ON COMMIT DROP AS
WITH RECURSIVE line AS (
    SELECT DISTINCT org_code, parent_code
    FROM dim.org_unit_version
    WHERE parent_code IS NOT NULL
),

lies AS (
    SELECT org_code, parent_code AS unit
    FROM line
    UNION
    SELECT l.org_code, line.parent_code
    FROM lies AS l
    JOIN line ON line.org_code = l.unit
)

SELECT l.org_code, l.unit, count(*) OVER (PARTITION BY l.org_code, o.org_level) = 1 AS is_only
FROM lies AS l
JOIN dim.org_unit AS o ON o.org_code = l.unit
