-- the sums of every unit at every level, for the month and, in a January the same, the year to date
{{ config(indexes=[
    {'columns': ['org_code', 'period_type', 'period'], 'unique': True},
    {'columns': ['period_type', 'period', 'org_level']}
]) }}
with villages as (
    select
        period, city_code, county_code, town_code, village_code, count(*) as reported_units
        {% for code, (n, d) in sides().items() %}
            {% set both = "(" ~ n ~ ") is not null and (" ~ d ~ ") is not null" %}
            , sum(case when {{ both }} then {{ n }} end) as n__{{ code }}
            , sum(case when {{ both }} then {{ d }} end) as d__{{ code }}
            , sum(case when {{ both }} then 0 else 1 end) as k__{{ code }}
        {% endfor %}
    from {{ ref('placed') }}
    group by all
),

rolled as (
    {% for level in ("city", "county", "town", "village") %}
        select
            {{ level }}_code as org_code, '{{ level }}' as org_level, period,
            sum(reported_units)::bigint as reported_units
            {% for code in sides() %}{% for part in "ndk" %}
                , sum({{ part }}__{{ code }})::bigint as {{ part }}__{{ code }}
            {% endfor %}{% endfor %}
        from villages
        {% if level == "city" %}where city_code <> county_code{% endif %}
        group by all
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select rolled.*, types.period_type
from rolled
cross join (select unnest(['month', 'ytd']) as period_type) as types
