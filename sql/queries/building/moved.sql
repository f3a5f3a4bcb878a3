-- Counties with a fact of a period whose unit has another path by now, but none that lies in another county.
SELECT f.county_code
FROM {{table}} AS f
JOIN lying AS l ON l.org_code = {{unit}}
WHERE f.period = :period
GROUP BY f.county_code
HAVING
    bool_or(
        (f.city_code, f.town_code, f.village_code) IS DISTINCT FROM (l.city_code, l.town_code, l.village_code)
    )
    AND NOT bool_or(f.county_code IS DISTINCT FROM l.county_code)
