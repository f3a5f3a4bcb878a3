-- The fields of other forms whose sums over a unit's rows a rule names beside the form's own.
CREATE TABLE dim.rule_field (
    rule text NOT NULL,
    form text NOT NULL,
    field text NOT NULL,
    PRIMARY KEY (rule, form, field)
);
