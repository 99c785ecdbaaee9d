"""Every SQL statement of the records, by name."""

# One round trip and one transaction for a whole transition: the case row, its events and what hangs on them commit
# together or not at all. Documents and answers are taken from the events that brought them.
# $1 sheet, $2 events, $3 notices (JSON), $4 Buddhist year, $5 lease.
WRITE_BATCH = """
WITH incoming AS (
    SELECT * FROM jsonb_to_record($1::jsonb) AS s(
        case_id text, request_id text, service text, centre text, channel text, subject text,
        standard_id text, standard_version text, stage text, outcome text, requester jsonb, officer jsonb,
        agency text, received_at timestamptz, opened_at timestamptz, promised_at timestamptz, due_at timestamptz,
        overdue boolean, escalation integer, closed_at timestamptz, links jsonb,
        last_event integer, last_event_at timestamptz, clocks jsonb, promise jsonb, pause jsonb)
), happened AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS e(seq integer, key text, type text, at timestamptz, actor jsonb, data jsonb)
), case_row AS (
    INSERT INTO casework.cases AS c
    SELECT i.case_id, i.request_id, i.service, i.centre, i.channel, i.subject, i.standard_id, i.standard_version,
           i.stage, i.outcome, i.requester, i.requester->>'segment', i.officer->>'id', i.agency, i.received_at,
           i.opened_at, i.promised_at, i.due_at, i.overdue, i.escalation, i.closed_at, i.links, i.last_event, i.last_event_at,
           i.clocks, nullif(i.promise, 'null'), nullif(i.pause, 'null')
    FROM incoming i
    ON CONFLICT (case_id) DO UPDATE SET
        channel = EXCLUDED.channel, subject = EXCLUDED.subject, received_at = EXCLUDED.received_at,
        stage = EXCLUDED.stage, outcome = EXCLUDED.outcome, requester = EXCLUDED.requester,
        segment = EXCLUDED.segment, officer_id = EXCLUDED.officer_id, agency = EXCLUDED.agency,
        standard_id = EXCLUDED.standard_id, standard_version = EXCLUDED.standard_version,
        opened_at = EXCLUDED.opened_at, promised_at = EXCLUDED.promised_at, due_at = EXCLUDED.due_at,
        overdue = EXCLUDED.overdue, escalation = EXCLUDED.escalation, closed_at = EXCLUDED.closed_at,
        links = EXCLUDED.links, last_event = EXCLUDED.last_event, last_event_at = EXCLUDED.last_event_at,
        clocks = EXCLUDED.clocks, promise = EXCLUDED.promise, pause = EXCLUDED.pause
    WHERE (c.last_event_at, c.last_event) <= (EXCLUDED.last_event_at, EXCLUDED.last_event)
    RETURNING c.case_id, c.centre, (xmax = 0) AS is_new
), counted AS (
    INSERT INTO casework.registry AS r (centre, be_year, last_number)
    SELECT centre, $4, 1 FROM case_row WHERE is_new
    ON CONFLICT (centre, be_year) DO UPDATE SET last_number = r.last_number + 1
    RETURNING centre, be_year, last_number
), numbered AS (
    INSERT INTO casework.case_numbers (case_id, centre, be_year, number, case_no)
    SELECT i.case_id, n.centre, n.be_year, n.last_number, n.centre || '-' || n.be_year || '-' || lpad(n.last_number::text, 5, '0')
    FROM counted n, incoming i
    RETURNING case_no
), events AS (
    INSERT INTO casework.events (case_id, seq, key, at, type, actor_id, actor_role, actor_unit, data)
    SELECT i.case_id, h.seq, h.key, h.at, h.type, h.actor->>'id', h.actor->>'role', h.actor->>'unit', h.data
    FROM happened h, incoming i
    ON CONFLICT DO NOTHING
), papers AS (
    INSERT INTO casework.documents (case_id, seq, key, position, name, kind, sha256, dated)
    SELECT i.case_id, h.seq, h.key, d.position, d.value->>'name', d.value->>'kind', d.value->>'sha256', (d.value->>'dated')::date
    FROM incoming i, happened h, jsonb_array_elements(h.data->'documents') WITH ORDINALITY AS d(value, position)
    WHERE h.type IN ('opened', 'document_added', 'documents_completed')
    ON CONFLICT DO NOTHING
), answers AS (
    INSERT INTO casework.satisfaction_answers (case_id, seq, key, answered_at, segment, scores, dissatisfaction, praise)
    SELECT i.case_id, h.seq, h.key, h.at, i.requester->>'segment', h.data->'scores', h.data->>'dissatisfaction', h.data->>'praise'
    FROM incoming i, happened h WHERE h.type = 'rated'
    ON CONFLICT DO NOTHING
), owed AS (
    INSERT INTO casework.notices (case_id, notice_id, event, template, recipient, ordered_at, attempts, claimed_until)
    SELECT i.case_id, o.id, o.event, o.template, o."to", o.ordered_at, 1, now() + $5::interval
    FROM jsonb_to_recordset($3::jsonb) AS o(id text, event integer, template text, "to" text, ordered_at timestamptz), incoming i
    ON CONFLICT DO NOTHING
    RETURNING notice_id
)
SELECT
    coalesce(
        (SELECT case_no FROM numbered),
        (SELECT case_no FROM casework.case_numbers WHERE case_id = (SELECT case_id FROM incoming))
    ) AS case_no,
    coalesce((SELECT array_agg(notice_id) FROM owed), '{}') AS claimed,
    coalesce(
        (SELECT max(revision) FROM casework.calendar_changes WHERE standard = (SELECT standard_id FROM incoming)), 0
    ) AS calendar
"""

CASE_NUMBER = "SELECT case_no FROM casework.case_numbers WHERE case_id = $1"

NOTICE_STATES = """
SELECT notice_id, status, coalesce(settled_at, now()) AS at, last_error
FROM casework.notices WHERE case_id = $1 AND notice_id = ANY($2::text[])
"""

CLAIM_NOTICE = """
UPDATE casework.notices SET claimed_until = now() + $3::interval, attempts = attempts + 1
WHERE case_id = $1 AND notice_id = $2 AND status = 'owed' AND (claimed_until IS NULL OR claimed_until < now())
RETURNING notice_id
"""

# $2 ids, $3 statuses, $4 errors: the fates of one round of sending. What is still owed gives its claim back.
SETTLE_NOTICES = """
UPDATE casework.notices n SET
    status = f.status, last_error = f.error, claimed_until = NULL,
    settled_at = CASE WHEN f.status <> 'owed' THEN now() END
FROM unnest($2::text[], $3::text[], $4::text[]) AS f(id, status, error)
WHERE n.case_id = $1 AND n.notice_id = f.id AND n.status = 'owed'
"""

CASE_EVENTS = """
SELECT seq, key, type, at, actor_id, actor_role, actor_unit, data
FROM casework.events WHERE case_id = $1 ORDER BY at, seq
"""

CASE_NOTICES = """
SELECT notice_id, event, template, recipient, status, attempts, ordered_at, settled_at
FROM casework.notices WHERE case_id = $1 ORDER BY event, notice_id
"""

# $1 standard, $2 the last case id seen, $3 how many.
OPEN_CASES = """
SELECT c.case_id, n.case_no, c.service, c.centre, c.standard_id, c.standard_version, c.clocks, c.promise, c.pause
FROM casework.cases c LEFT JOIN casework.case_numbers n USING (case_id)
WHERE c.standard_id = $1 AND c.closed_at IS NULL AND c.case_id > $2 ORDER BY c.case_id LIMIT $3
"""
COUNT_OPEN_CASES = "SELECT count(*) AS n FROM casework.cases WHERE standard_id = $1 AND closed_at IS NULL"

CALENDAR_CHANGES = """
SELECT revision, standard, date, kind, name_th, name_en, hours, reason, region, made_by, made_at
FROM casework.calendar_changes ORDER BY revision
"""
# One at a time, so that numbers have no gaps and nobody reads a later change without an earlier one.
CALENDAR_LOCK = "SELECT pg_advisory_xact_lock(hashtext('casework.calendar_changes'))"
CHANGE_CALENDAR = """
INSERT INTO casework.calendar_changes (revision, standard, date, kind, name_th, name_en, hours, reason, region, made_by)
SELECT coalesce(max(revision), 0) + 1, $1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9 FROM casework.calendar_changes
RETURNING revision, standard, date, kind, name_th, name_en, hours, reason, region, made_by, made_at
"""

SCHEMA_TABLES = """
CREATE SCHEMA IF NOT EXISTS casework;
CREATE TABLE IF NOT EXISTS casework.migrations (
    version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)
"""
APPLIED_MIGRATIONS = "SELECT version, name, checksum FROM casework.migrations ORDER BY version"
NOTE_MIGRATION = "INSERT INTO casework.migrations (version, name, checksum) VALUES ($1, $2, $3)"
MIGRATION_LOCK = "SELECT pg_advisory_xact_lock(hashtext('casework.migrations'))"
HAS_MIGRATIONS = "SELECT to_regclass('casework.migrations') IS NOT NULL"
SERVER_TIME = "SELECT now()"
