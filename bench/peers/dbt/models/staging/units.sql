-- the villages that report, with the units above them
with tree as (
    select * from read_csv('{{ env_var("PEERS_UNITS") }}', header = true, all_varchar = true)
)

select
    coalesce(county.parent_code, county.code) as city_code,
    county.code as county_code,
    town.code as town_code,
    village.code as village_code
from tree as village
inner join tree as town on village.parent_code = town.code
inner join tree as county on town.parent_code = county.code
where village.level = 'village' and village.reports = 'true'
