-- How many rows of a registered form (villager groups of a village, tasks of a county) should be reported, by the unit
-- of the tree that they belong to. A row is expected from the month of its first accepted report on, while the unit
-- above it reports. For a placeholder of which no row is known yet, one row is expected: whoever else reports changes
-- nothing about that.
--   registry      how many units are known from a month on: base_code, first_month, units
--   closed        months in which a unit of the tree does not report, such as a closed one: base_code, month
--   placeholders  one row a month and unit of the tree that has at least one row then: base_code, month
--   months        the last months of the form's periods: month
WITH known AS (
    SELECT base_code, min(first_month) AS first_month
    FROM registry
    GROUP BY base_code
),
due AS (
    SELECT registry.base_code, registry.units
    FROM registry
    INNER JOIN months ON months.month >= registry.first_month
    LEFT JOIN closed ON closed.base_code = registry.base_code AND closed.month = months.month
    WHERE closed.month IS NULL
    UNION ALL
    SELECT placeholders.base_code, 1 AS units
    FROM placeholders
    INNER JOIN months ON months.month = placeholders.month
    LEFT JOIN known ON known.base_code = placeholders.base_code
    WHERE known.first_month IS NULL OR months.month < known.first_month
)
SELECT base_code, CAST(sum(units) AS bigint) AS expected_units
FROM due
GROUP BY base_code
