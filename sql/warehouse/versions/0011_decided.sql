-- What a decision on a delivery found: a list of {form, period, status}, how each report stood before. NULL: it was
-- made before this was kept.
ALTER TABLE ops.decision ADD COLUMN parts jsonb;
