-- What reports count: when a matter was done, and each finished step.
ALTER TABLE casework.cases ADD COLUMN concluded_at timestamptz;
UPDATE casework.cases SET concluded_at = closed_at WHERE outcome IS NOT NULL AND closed_at IS NOT NULL;  -- as near as is known

CREATE TABLE casework.steps (
    case_id    text        NOT NULL REFERENCES casework.cases,
    step       text        NOT NULL,
    started_at timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    stopped_at timestamptz NOT NULL,
    paused     integer     NOT NULL,  -- seconds of the calendar in which its time stood still
    extended   integer     NOT NULL,  -- how often
    late       boolean     NOT NULL,
    agency     text,
    decided_at timestamptz NOT NULL,
    at_event   integer     NOT NULL,
    PRIMARY KEY (case_id, step, started_at)
);
