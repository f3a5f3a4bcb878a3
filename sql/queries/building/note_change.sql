-- One submission whose rows the build replaced. What was there until now came from the delivery of the last change.
INSERT INTO ops.fact_change VALUES (
    :build, :form, :period, :county, :revision_before, :hash_before,
    (
        SELECT f.delivery_id
        FROM ops.fact_change AS f
        JOIN ops.build AS b USING (build_id)
        WHERE (f.form, f.period, f.county_code) = (:form, :period, :county)
        ORDER BY b.built_at DESC
        LIMIT 1
    ),
    :revision, :hash, :delivery, :corrections_before, :corrections, CAST(:units AS text[])
)
