{{ config(indexes=[{'columns': ['period', 'county_code', 'group_code'], 'unique': True}]) }}
select * from {{ ref('placed') }}
