-- Which field of a form holds a row's code: what a finding says of that one tells no value of another field.
ALTER TABLE dim.form ADD COLUMN key_field text;
