INSERT INTO ops.build VALUES (
    :build_id, :months, :started_at, :built_at, :definitions_hash, :facts_replaced, :rows_closed, :rows_inserted,
    CAST(:seconds AS jsonb), :tree_hash
)
