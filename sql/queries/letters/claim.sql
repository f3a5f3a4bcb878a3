-- Take a letter of a day for sending: a row comes back to one of those who ask, and only while nobody may have sent it.
INSERT INTO ops.letter AS l (
    letter_id, day, reader, connection, channel, message_id, digest, status, tries, refused, told_at
)
VALUES (:letter_id, :day, :reader, :connection, :channel, :message_id, :digest, 'sending', 1, 0, :told_at)
ON CONFLICT (letter_id) DO UPDATE SET
    channel = excluded.channel,
    message_id = excluded.message_id,
    digest = excluded.digest,
    status = 'sending',
    tries = l.tries + 1,
    refused = 0,
    reason_code = NULL,
    message = NULL,
    told_at = excluded.told_at
WHERE l.status = 'failed' OR :again
RETURNING *
