-- No row of a statement: its columns and their types.
SELECT * FROM ({{statement}}) AS described LIMIT 0
