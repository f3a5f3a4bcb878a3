-- with the units above each group; the tests have said by now that every group has them
select
    groups.* exclude (village_code, sent_by) replace (groups.has_party_work = '是' as has_party_work),
    units.city_code,
    units.county_code,
    units.town_code,
    units.village_code,
    '{{ env_var("PEERS_PERIOD") }}' as period
from {{ ref('groups') }} as groups
inner join {{ ref('units') }} as units on groups.village_code = units.village_code
