{# rows for which an expression is false; one that is null holds, as a check constraint would have it #}
{% test holds(model, expression, column_name=none) %}
    select * from {{ model }} where not coalesce({{ expression }}, true)
{% endtest %}
