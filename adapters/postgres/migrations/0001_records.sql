-- The records of a centre. Events are append-only; everything a case writes carries its own key, so writing twice is
-- writing once.

CREATE TABLE casework.cases (
    case_id          text PRIMARY KEY,
    request_id       text        NOT NULL,
    service          text        NOT NULL,
    centre           text        NOT NULL,
    channel          text        NOT NULL,
    subject          text        NOT NULL,
    standard_id      text        NOT NULL,
    standard_version text        NOT NULL,
    stage            text        NOT NULL,
    outcome          text,
    requester        jsonb       NOT NULL,
    segment          text        NOT NULL,
    officer_id       text,
    agency           text,
    received_at      timestamptz NOT NULL,
    opened_at        timestamptz NOT NULL,
    promised_at      timestamptz,
    due_at           timestamptz,
    overdue          boolean     NOT NULL,
    escalation       integer     NOT NULL,
    closed_at        timestamptz,
    links            jsonb       NOT NULL,
    last_event       integer     NOT NULL,
    last_event_at    timestamptz NOT NULL
);

-- Registry numbers run without gaps per centre and Buddhist year: a number is taken in the statement that first
-- writes the case, never before.
CREATE TABLE casework.registry (
    centre      text    NOT NULL,
    be_year     integer NOT NULL,
    last_number integer NOT NULL,
    PRIMARY KEY (centre, be_year)
);

CREATE TABLE casework.case_numbers (
    case_id text PRIMARY KEY,
    centre  text    NOT NULL,
    be_year integer NOT NULL,
    number  integer NOT NULL,
    case_no text    NOT NULL UNIQUE,
    UNIQUE (centre, be_year, number)
);

-- When an operator resets a case it may take another way at the same event number; the key tells them apart, and both
-- stay on record.
CREATE TABLE casework.events (
    case_id     text        NOT NULL REFERENCES casework.cases,
    seq         integer     NOT NULL,
    key         text        NOT NULL,
    at          timestamptz NOT NULL,
    type        text        NOT NULL,
    actor_id    text,
    actor_role  text,
    actor_unit  text,
    data        jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_id, seq, key)
);

CREATE FUNCTION casework.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only: % refused', TG_OP;
END $$;

CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON casework.events
    FOR EACH ROW EXECUTE FUNCTION casework.refuse_change();

CREATE TABLE casework.documents (
    case_id     text        NOT NULL REFERENCES casework.cases,
    seq         integer     NOT NULL,
    key         text        NOT NULL,
    position    integer     NOT NULL,
    name        text        NOT NULL,
    kind        text        NOT NULL,
    sha256      text,
    dated       date,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_id, seq, key, position)
);

CREATE TABLE casework.notices (
    case_id       text        NOT NULL REFERENCES casework.cases,
    notice_id     text        NOT NULL,
    event         integer     NOT NULL,
    template      text        NOT NULL,
    recipient     text        NOT NULL,
    status        text        NOT NULL DEFAULT 'owed' CHECK (status IN ('owed', 'sent', 'by_hand', 'failed')),
    ordered_at    timestamptz NOT NULL,
    settled_at    timestamptz,
    attempts      integer     NOT NULL DEFAULT 0,
    last_error    text,
    claimed_until timestamptz,
    PRIMARY KEY (case_id, notice_id)
);

CREATE INDEX notices_owed ON casework.notices (ordered_at) WHERE status = 'owed';

-- Satisfaction, dissatisfaction and praise are kept apart.
CREATE TABLE casework.satisfaction_answers (
    case_id         text        NOT NULL REFERENCES casework.cases,
    seq             integer     NOT NULL,
    key             text        NOT NULL,
    answered_at     timestamptz NOT NULL,
    segment         text        NOT NULL,
    scores          jsonb       NOT NULL,
    dissatisfaction text,
    praise          text,
    PRIMARY KEY (case_id, seq, key)
);
