-- Write down what follows for one reading of a submission.
UPDATE ops.submission
SET status = :status, revision = :revision, is_current = :is_current, held_reason = :held_reason
WHERE
    (delivery_id, form, period, catalogue_hash, suite_hash)
    = (:delivery_id, :form, :period, :catalogue_hash, :suite_hash)
