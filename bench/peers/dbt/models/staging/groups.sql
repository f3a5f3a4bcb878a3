-- all files of the month, typed and named
{% set numbers = [
    "households", "residents", "party_members", "members_away", "leaders", "party_member_leaders",
    "leaders_concurrent"
] %}
select
    * exclude (filename),
    left(group_code, 12) as village_code,
    split_part(filename, '/', -2) as sent_by
from read_csv(
    '{{ env_var("PEERS_TABLES") }}', header = true, filename = true, auto_detect = false, delim = ',',
    columns = {
        'group_code': 'VARCHAR', 'unit_name': 'VARCHAR',
        {% for name in numbers %}'{{ name }}': 'BIGINT', {% endfor %}
        'org_setup': 'VARCHAR', 'has_party_work': 'VARCHAR',
        'major_matters': 'BIGINT', 'matters_by_procedure': 'BIGINT'
    }
)
