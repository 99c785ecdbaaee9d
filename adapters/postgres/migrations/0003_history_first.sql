-- What a case decided is what the records say: batches carry changes only, so the row keeps what it needs to take them in any
-- order; a notice keeps what it says; a different thing under a known key is set aside and shown.

ALTER TABLE casework.cases
    ADD COLUMN digest       text NOT NULL DEFAULT '',
    ADD COLUMN details      text NOT NULL DEFAULT '',
    ADD COLUMN officer      jsonb,
    ADD COLUMN breached_at  timestamptz,
    DROP COLUMN clocks,
    DROP COLUMN promise,
    DROP COLUMN pause,
    -- What became of the workflow if it did not close by itself: terminated, cancelled, failed. Written by doctor --repair.
    ADD COLUMN ended_as     text,
    ADD COLUMN ended_why    text;

CREATE UNIQUE INDEX cases_one_per_request ON casework.cases (service, centre, request_id);

CREATE TABLE casework.kept_clocks (
    case_id text        PRIMARY KEY REFERENCES casework.cases,
    clocks  jsonb       NOT NULL,
    promise jsonb,
    pause   jsonb,
    at      timestamptz NOT NULL,
    event   integer     NOT NULL
);

ALTER TABLE casework.notices
    ADD COLUMN "values" jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN state    jsonb NOT NULL DEFAULT '{}';

CREATE TABLE casework.conflicts (
    case_id  text        NOT NULL REFERENCES casework.cases,
    seq      integer     NOT NULL,
    key      text        NOT NULL,
    offered  jsonb       NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_id, seq, key)
);
