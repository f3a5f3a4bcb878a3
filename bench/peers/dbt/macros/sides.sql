{# indicator -> numerator and denominator of a group; a group that lacks one counts in neither #}
{% macro sides() %}
    {{ return({
        "group_leader_party_share": ["party_member_leaders", "leaders"],
        "group_leader_vacancy_share": ["(leaders = 0)::int", "(leaders is not null)::int"],
        "group_org_coverage": ["(org_setup in ('单独支部', '联合支部'))::int", "(org_setup is not null)::int"],
        "group_cell_share": ["(org_setup = '党小组')::int", "(org_setup is not null)::int"],
        "group_any_coverage": [
            "(org_setup <> '无' or has_party_work)::int",
            "((org_setup <> '无' or has_party_work) is not null)::int"
        ],
        "groups_without_member_share": ["(party_members = 0)::int", "(party_members is not null)::int"],
        "group_member_share": ["party_members", "residents"],
        "procedure_adoption_rate": ["matters_by_procedure", "major_matters"]
    }) }}
{% endmacro %}
