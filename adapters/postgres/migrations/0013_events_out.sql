-- Events out: what happened, in one order that never changes, for whoever listens from outside.

-- Written with every event, in its transaction; emptied into the feed.
CREATE TABLE casework.outbox (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    text        NOT NULL CHECK (kind IN ('case', 'queue')),
    subject text        NOT NULL,  -- the case or the queue
    seq     integer     NOT NULL,
    key     text        NOT NULL,
    at      timestamptz NOT NULL
);
CREATE INDEX outbox_subject ON casework.outbox (subject);

-- Positions are given one after the other by whoever holds the lock, so a reader who has seen one has seen all before it.
CREATE TABLE casework.feed (
    position bigint  PRIMARY KEY,
    kind     text    NOT NULL,
    subject  text    NOT NULL,
    seq      integer NOT NULL,
    key      text    NOT NULL
);
CREATE INDEX feed_subject ON casework.feed (subject, position);

CREATE TABLE casework.webhooks (
    name          text        PRIMARY KEY,
    url           text        NOT NULL,
    secret        text        NOT NULL,  -- whsec_…, Standard Webhooks
    types         text[],                -- only these events; NULL: all
    services      text[],
    centres       text[],
    in_full       boolean     NOT NULL DEFAULT false,  -- also what people wrote, which may name people
    position      bigint      NOT NULL,  -- what comes later in the feed was not looked at yet
    attempts      integer     NOT NULL DEFAULT 0,
    next_try_at   timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,
    delivered     bigint      NOT NULL DEFAULT 0,
    delivered_at  timestamptz,
    last_error    text,
    stopped_at    timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- A case one of whose events an endpoint refuses waits with all that follows; the endpoint gets the other cases.
CREATE TABLE casework.webhook_held (
    webhook     text        NOT NULL REFERENCES casework.webhooks ON DELETE CASCADE,
    subject     text        NOT NULL,
    position    bigint      NOT NULL,  -- the first that was not delivered
    attempts    integer     NOT NULL DEFAULT 1,
    next_try_at timestamptz NOT NULL,
    last_error  text        NOT NULL,
    PRIMARY KEY (webhook, subject)
);

CREATE FUNCTION casework.events_go_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'events' THEN
        INSERT INTO casework.outbox (kind, subject, seq, key, at) SELECT 'case', case_id, seq, key, at FROM written ORDER BY seq;
    ELSE
        INSERT INTO casework.outbox (kind, subject, seq, key, at) SELECT 'queue', queue_id, seq, key, at FROM written ORDER BY seq;
    END IF;
    IF FOUND AND EXISTS (SELECT 1 FROM casework.webhooks WHERE stopped_at IS NULL) THEN
        PERFORM pg_notify('casework_events', currval(pg_get_serial_sequence('casework.outbox', 'id'))::text);
    END IF;
    RETURN NULL;
END $$;

-- What happened before: nobody writes between this and the triggers.
LOCK TABLE casework.events, casework.queue_events IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO casework.feed (position, kind, subject, seq, key)
SELECT row_number() OVER (ORDER BY at, subject, seq), kind, subject, seq, key FROM (
    SELECT 'case' AS kind, case_id AS subject, seq, key, at FROM casework.events
    UNION ALL SELECT 'queue', queue_id, seq, key, at FROM casework.queue_events
) earlier;

CREATE TRIGGER events_go_out AFTER INSERT ON casework.events
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION casework.events_go_out();
CREATE TRIGGER events_go_out AFTER INSERT ON casework.queue_events
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION casework.events_go_out();

-- The feed with what happened, also what people wrote: for the sender and casework events.
CREATE VIEW casework.published_events AS
SELECT f.position, f.kind, f.subject, f.seq, f.key, e.at, e.type, c.service, c.centre, n.case_no,
       e.actor_id, e.actor_role, e.actor_unit, e.data
FROM casework.feed f
JOIN casework.events e ON f.kind = 'case' AND e.case_id = f.subject AND e.seq = f.seq AND e.key = f.key
JOIN casework.cases c ON c.case_id = f.subject LEFT JOIN casework.case_numbers n ON n.case_id = f.subject
UNION ALL
SELECT f.position, f.kind, f.subject, f.seq, f.key, q.at, q.type, NULL, q.centre, NULL, q.actor_id, q.actor_role, NULL,
       q.data || jsonb_strip_nulls(jsonb_build_object('ticket', q.ticket, 'point', q.point))
FROM casework.feed f
JOIN casework.queue_events q ON f.kind = 'queue' AND q.queue_id = f.subject AND q.seq = f.seq AND q.key = f.key;
