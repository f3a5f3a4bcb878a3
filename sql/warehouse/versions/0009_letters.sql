-- Which letter of a day went to whom. A row is there before the letter is handed over, so that none goes out twice:
--   sending   handed over just now, or a run was killed over it: it may have arrived
--   unsure    handed over, and no answer came: it may have arrived
--   failed    not taken; the next run of the day tries again
CREATE TABLE ops.letter (
    letter_id text PRIMARY KEY,
    day date NOT NULL,
    reader text NOT NULL,            -- city, or a county's code
    connection text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('mail', 'wecom', 'dingtalk', 'feishu', 'webhook')),
    message_id text NOT NULL,
    digest text NOT NULL,            -- of what it said
    status text NOT NULL CHECK (status IN ('sending', 'sent', 'unsure', 'failed')),
    tries integer NOT NULL,
    refused integer NOT NULL,        -- addresses that the server did not take, while it took others
    reason_code text,
    message text,
    told_at timestamptz NOT NULL
);
