-- A notice by hand is a task: a letter whose full text is kept, printed, and served.

ALTER TABLE casework.notices
    DROP CONSTRAINT notices_status_check,
    ADD CONSTRAINT notices_status_check CHECK (status IN ('owed', 'sent', 'by_hand', 'served', 'moot', 'failed')),
    ADD COLUMN letter     jsonb,
    ADD COLUMN printed_at timestamptz;

CREATE INDEX notices_by_hand ON casework.notices (ordered_at) WHERE status = 'by_hand';
