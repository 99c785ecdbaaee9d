"""Every SQL statement of the records, by name."""

from __future__ import annotations

from casework.workflows.messages.commands import Rate

# One round trip and one transaction for a whole transition: the case row, its events and what hangs on them commit
# together or not at all. Documents and answers are taken from the events that brought them. The first batch founds the row; the
# others find it. Batches may come in any order: state and clocks never go back to an earlier event.
# $1 case id, $2 decided at, $3 last event, $4 state, $5 founding or null, $6 clocks or null, $7 events, $8 notices (JSON),
# $9 lease, $10 digest of the request, $11 and $12 event and time of the last reset, or null; $13 steps that were finished.
# Rows of another request (its id was used again after Temporal had forgotten the first) are never touched. A request that was
# terminated and sent again goes on in the same row, with the same number.
WRITE_BATCH = """
WITH other AS (
    SELECT opened_at FROM casework.cases WHERE case_id = $1 AND digest <> $10
), founding AS (
    SELECT * FROM jsonb_to_record($5::jsonb) AS f(
        request_id text, digest text, service text, centre text, registry text, year integer, channel text,
        subject text, details text, request jsonb,
        requester jsonb, received_at timestamptz, opened_at timestamptz)
    WHERE $5::jsonb IS NOT NULL AND NOT EXISTS (SELECT 1 FROM other)
), state AS (
    SELECT * FROM jsonb_to_record($4::jsonb) AS s(
        standard_id text, standard_version text, stage text, outcome text, officer jsonb, agency text, promised_at timestamptz,
        due_at timestamptz, overdue boolean, breached_at timestamptz, escalation integer, concluded_at timestamptz,
        closed_at timestamptz, links jsonb)
    WHERE NOT EXISTS (SELECT 1 FROM other)
), happened AS (
    SELECT * FROM jsonb_to_recordset($7::jsonb) AS e(seq integer, key text, type text, at timestamptz, actor jsonb, data jsonb)
    WHERE NOT EXISTS (SELECT 1 FROM other)
), before AS (
    SELECT requester, service, centre, received_at, subject, request_id FROM casework.cases WHERE case_id = $1
), founded AS (
    INSERT INTO casework.cases (
        case_id, request_id, digest, service, centre, channel, subject, details, request, requester, segment, received_at,
        opened_at, standard_id, standard_version, stage, outcome, officer, officer_id, agency, promised_at, due_at, overdue,
        breached_at, escalation, concluded_at, closed_at, links, last_event, last_event_at)
    SELECT $1, f.request_id, f.digest, f.service, f.centre, f.channel, f.subject, f.details, coalesce(f.request, '{}'),
           f.requester, f.requester->>'segment', f.received_at, f.opened_at,
           s.standard_id, s.standard_version, s.stage, s.outcome, nullif(s.officer, 'null'), s.officer->>'id', s.agency,
           s.promised_at, s.due_at, s.overdue, s.breached_at, s.escalation, s.concluded_at, s.closed_at, s.links, $3, $2
    FROM founding f, state s
    ON CONFLICT (case_id) DO NOTHING
    RETURNING case_id, centre
), moved AS (
    UPDATE casework.cases c SET
        standard_id = s.standard_id, standard_version = s.standard_version, stage = s.stage, outcome = s.outcome,
        officer = nullif(s.officer, 'null'), officer_id = s.officer->>'id', agency = s.agency, promised_at = s.promised_at,
        due_at = s.due_at, overdue = s.overdue, breached_at = s.breached_at,
        escalation = s.escalation, concluded_at = s.concluded_at, closed_at = s.closed_at, links = s.links,
        last_event = $3, last_event_at = $2,
        ended_as = NULL, ended_why = NULL,  -- what decides anew lives again
        opened_at = coalesce(($5::jsonb->>'opened_at')::timestamptz, c.opened_at)
    FROM state s WHERE c.case_id = $1 AND (c.last_event_at, c.last_event) <= ($2, $3)
), clocked AS (
    INSERT INTO casework.kept_clocks AS k (case_id, clocks, promise, pause, at, event)
    SELECT $1, given->'clocks', nullif(given->'promise', 'null'), nullif(given->'pause', 'null'), $2, $3
    FROM (SELECT $6::jsonb AS given) g WHERE given IS NOT NULL AND NOT EXISTS (SELECT 1 FROM other)
    ON CONFLICT (case_id) DO UPDATE SET
        clocks = EXCLUDED.clocks, promise = EXCLUDED.promise, pause = EXCLUDED.pause, at = EXCLUDED.at, event = EXCLUDED.event
    WHERE (k.at, k.event) <= (EXCLUDED.at, EXCLUDED.event)
), counted AS (
    INSERT INTO casework.registry AS r (code, be_year, last_number)
    SELECT coalesce(f.registry, n.centre), f.year, 1 FROM founded n, founding f
    ON CONFLICT (code, be_year) DO UPDATE SET last_number = r.last_number + 1
    RETURNING code, be_year, last_number
), numbered AS (
    INSERT INTO casework.case_numbers (case_id, registry, be_year, number, case_no)
    SELECT $1, n.code, n.be_year, n.last_number,
           n.code || '-' || n.be_year || '-' || lpad(n.last_number::text, greatest(5, length(n.last_number::text)), '0')
    FROM counted n
    RETURNING case_no
), events AS (
    INSERT INTO casework.events (case_id, seq, key, at, type, actor_id, actor_role, actor_unit, data)
    SELECT $1, h.seq, h.key, h.at, h.type, h.actor->>'id', h.actor->>'role', h.actor->>'unit', h.data
    FROM happened h
    ON CONFLICT DO NOTHING
), different AS (
    SELECT h.* FROM happened h JOIN casework.events e ON e.case_id = $1 AND e.seq = h.seq AND e.key = h.key
    WHERE (e.type, e.at, e.actor_id, e.data) IS DISTINCT FROM (h.type, h.at, h.actor->>'id', h.data)
), set_aside AS (
    INSERT INTO casework.conflicts (case_id, seq, key, offered)
    SELECT $1, d.seq, d.key, to_jsonb(d) FROM different d
    ON CONFLICT DO NOTHING
), papers AS (
    INSERT INTO casework.documents (case_id, seq, key, position, name, kind, sha256, dated)
    SELECT $1, h.seq, h.key, d.position, d.value->>'name', d.value->>'kind', d.value->>'sha256', (d.value->>'dated')::date
    FROM happened h, jsonb_array_elements(
        CASE WHEN jsonb_typeof(h.data->'documents') = 'array' THEN h.data->'documents' ELSE '[]' END
    ) WITH ORDINALITY AS d(value, position)
    WHERE jsonb_typeof(d.value) = 'object' AND d.value->>'name' IS NOT NULL
    ON CONFLICT DO NOTHING
), answers AS (
    INSERT INTO casework.satisfaction_answers (
        case_id, seq, key, answered_at, segment, how, scores, engagement, dissatisfaction, praise)
    SELECT $1, h.seq, h.key, coalesce((h.data->>'received_at')::timestamptz, h.at),
           coalesce(f.requester, b.requester)->>'segment', h.data->>'how',
           coalesce(h.data->'scores', '{}'), coalesce(h.data->'engagement', '{}'), h.data->>'dissatisfaction', h.data->>'praise'
    FROM happened h LEFT JOIN founding f ON true LEFT JOIN before b ON true WHERE h.type = '<rated>'
    ON CONFLICT DO NOTHING
), finished AS (
    INSERT INTO casework.steps AS p (
        case_id, step, started_at, due_at, stopped_at, paused, extended, late, agency, decided_at, at_event)
    SELECT DISTINCT ON (d.step, d.started_at) $1, d.step, d.started_at, d.due_at, d.stopped_at, coalesce(d.paused, 0),
           coalesce(d.extended, 0),
           coalesce(d.late, false), d.agency, $2, $3
    FROM jsonb_to_recordset($13::jsonb) AS d(step text, started_at timestamptz, due_at timestamptz, stopped_at timestamptz,
         paused integer, extended integer, late boolean, agency text)
    WHERE NOT EXISTS (SELECT 1 FROM other)
    ORDER BY d.step, d.started_at, d.stopped_at DESC
    ON CONFLICT (case_id, step, started_at) DO UPDATE SET due_at = EXCLUDED.due_at, stopped_at = EXCLUDED.stopped_at,
        paused = EXCLUDED.paused, extended = EXCLUDED.extended, late = EXCLUDED.late, agency = EXCLUDED.agency,
        decided_at = EXCLUDED.decided_at, at_event = EXCLUDED.at_event
    WHERE (p.decided_at, p.at_event) <= (EXCLUDED.decided_at, EXCLUDED.at_event)
), undone AS (  -- steps of the way that a reset abandoned
    DELETE FROM casework.steps u WHERE u.case_id = $1 AND $11::integer IS NOT NULL AND u.at_event > $11 AND u.decided_at < $12
), ordered AS (
    SELECT o.*, row_number() OVER (PARTITION BY o.template, o."to", o."values") AS nth
    FROM jsonb_to_recordset($8::jsonb) AS o(id text, event integer, template text, "to" text, "values" jsonb)
    WHERE NOT EXISTS (SELECT 1 FROM other)
), abandoned AS (  -- letters of the way that a reset abandoned: nobody serves them any more
    UPDATE casework.notices a SET status = 'moot', settled_at = now()
    WHERE a.case_id = $1 AND $11::integer IS NOT NULL AND a.event > $11 AND a.ordered_at < $12 AND a.status = 'by_hand'
), owed AS (
    -- What the way that a reset abandoned has told somebody in the same words counts as told, as often as it was told.
    INSERT INTO casework.notices (
        case_id, notice_id, event, template, recipient, ordered_at, attempts, claimed_until, "values", state, status, settled_at)
    SELECT $1, o.id, o.event, o.template, o."to", $2, CASE WHEN told.at IS NULL THEN 1 ELSE 0 END,
           CASE WHEN told.at IS NULL THEN now() + $9::interval END, o."values", $4::jsonb,
           CASE WHEN told.at IS NULL THEN 'owed' ELSE 'sent' END, told.at
    FROM ordered o LEFT JOIN LATERAL (
        SELECT p.settled_at AS at FROM casework.notices p
        WHERE p.case_id = $1 AND $11::integer IS NOT NULL AND p.event > $11 AND p.ordered_at < $12
          AND p.status IN ('sent', 'served')
          AND (p.template, p.recipient, p."values") = (o.template, o."to", o."values")
        ORDER BY p.ordered_at
        OFFSET o.nth - 1 + (
            SELECT count(*) FROM casework.notices q WHERE q.case_id = $1 AND q.ordered_at >= $12 AND q.ordered_at < $2
              AND (q.template, q.recipient, q."values") = (o.template, o."to", o."values"))
        LIMIT 1
    ) told ON true
    ON CONFLICT DO NOTHING
    RETURNING notice_id, status
)
SELECT
    coalesce((SELECT case_no FROM numbered), (SELECT case_no FROM casework.case_numbers WHERE case_id = $1)) AS case_no,
    coalesce((SELECT array_agg(notice_id) FROM owed WHERE status = 'owed'), '{}') AS claimed,
    EXISTS (SELECT 1 FROM other) AS of_another,
    coalesce((SELECT array_agg(seq || '.' || key) FROM different), '{}') AS conflicts,
    coalesce(
        (SELECT max(revision) FROM casework.calendar_changes WHERE standard = (SELECT standard_id FROM state)), 0
    ) AS calendar,
    coalesce(f.requester, b.requester) AS requester, coalesce(f.service, b.service) AS service,
    coalesce(f.centre, b.centre) AS centre, coalesce(f.received_at, b.received_at) AS received_at,
    coalesce(f.subject, b.subject) AS subject,
    (SELECT jsonb_build_object('name', o.name, 'position', o.position, 'email', o.email, 'away_from', o.away_from,
               'away_until', o.away_until, 'stand_in', (SELECT jsonb_build_object('name', i.name, 'position', i.position,
               'email', i.email) FROM casework.officers i WHERE i.officer_id = o.stand_in))
        FROM casework.officers o WHERE o.officer_id = (SELECT officer->>'id' FROM state)) AS officer_card
FROM (SELECT 1) one LEFT JOIN founding f ON true LEFT JOIN before b ON true
""".replace("<rated>", Rate.event)

# $1 centre
UNSETTLED = """
SELECT x.case_no, n.template AS notice, n.recipient AS "to", n.status
FROM casework.notices n JOIN casework.cases c USING (case_id) JOIN casework.case_numbers x USING (case_id)
WHERE n.status IN ('owed', 'failed') AND c.closed_at IS NULL AND c.ended_as IS NULL AND ($1::text IS NULL OR c.centre = $1)
ORDER BY n.ordered_at LIMIT 100
"""
CASE_OF_NUMBER = "SELECT case_id FROM casework.case_numbers WHERE case_no = $1"
CASE_NUMBER = "SELECT case_no FROM casework.case_numbers WHERE case_id = $1"

NOTICE_STATES = """
SELECT notice_id, status, coalesce(settled_at, now()) AS at, last_error
FROM casework.notices WHERE case_id = $1 AND notice_id = ANY($2::text[])
"""

CLAIM_NOTICE = """
UPDATE casework.notices n SET claimed_until = now() + $3::interval, attempts = attempts + 1
FROM casework.cases c LEFT JOIN casework.case_numbers x USING (case_id)
WHERE n.case_id = $1 AND n.notice_id = $2 AND n.status = 'owed' AND (n.claimed_until IS NULL OR n.claimed_until < now())
  AND c.case_id = n.case_id
RETURNING n.notice_id, n.template, n.recipient, n.ordered_at, n."values", n.state,
          c.requester, c.service, c.centre, c.received_at, c.subject, x.case_no,
    (SELECT jsonb_build_object('name', o.name, 'position', o.position, 'email', o.email, 'away_from', o.away_from,
               'away_until', o.away_until, 'stand_in', (SELECT jsonb_build_object('name', i.name, 'position', i.position,
               'email', i.email) FROM casework.officers i WHERE i.officer_id = o.stand_in))
        FROM casework.officers o WHERE o.officer_id = n.state->'officer'->>'id') AS officer_card
"""

# $2 ids, $3 statuses, $4 errors, $5 when served, $6 letters, $7 ways: the fates of one round of sending. What is still owed
# gives its claim back; what waited as a letter is served or moot when the case says so.
SETTLE_NOTICES = """
UPDATE casework.notices n SET
    status = f.status, last_error = coalesce(f.error, n.last_error), claimed_until = NULL,
    settled_at = CASE WHEN f.status <> 'owed' THEN coalesce(f.served, now()) END, letter = coalesce(f.letter, n.letter),
    sent_by = coalesce(f.way, n.sent_by)
FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::jsonb[], $7::text[])
     AS f(id, status, error, served, letter, way)
WHERE n.case_id = $1 AND n.notice_id = f.id
  AND (n.status = 'owed' OR (n.status IN ('by_hand', 'failed') AND f.status IN ('served', 'moot'))
       OR (n.status = 'moot' AND f.status = 'by_hand'))
"""

# $1 centre
LETTERS = """
SELECT n.case_id, x.case_no, c.centre, n.notice_id, n.template, n.ordered_at, n.printed_at, n.letter, n.last_error,
       c.ended_as IS NOT NULL AS ended
FROM casework.notices n JOIN casework.cases c USING (case_id) LEFT JOIN casework.case_numbers x USING (case_id)
WHERE (n.status = 'by_hand' AND n.letter IS NOT NULL OR n.status = 'failed' AND n.recipient = 'requester' AND c.ended_as IS NULL)
  AND ($1::text IS NULL OR c.centre = $1)
ORDER BY n.ordered_at, n.case_id, n.notice_id
"""
MARK_PRINTED = """
UPDATE casework.notices n SET printed_at = coalesce(n.printed_at, now())
FROM unnest($1::text[], $2::text[]) AS p(case_id, notice_id) WHERE (n.case_id, n.notice_id) = (p.case_id, p.notice_id)
"""

CASE_EVENTS = """
SELECT seq, key, type, at, actor_id, actor_role, actor_unit, data
FROM casework.events WHERE case_id = $1 ORDER BY at, seq
"""

CASE_ROW = """
SELECT c.*, n.case_no, (SELECT jsonb_agg(jsonb_build_object('name', d.name, 'kind', d.kind, 'sha256', d.sha256, 'dated', d.dated)
                               ORDER BY d.seq, d.position) FROM casework.documents d WHERE d.case_id = c.case_id) AS documents
FROM casework.cases c LEFT JOIN casework.case_numbers n USING (case_id) WHERE c.case_id = $1
"""

CASE_NOTICES = """
SELECT notice_id, event, template, recipient, status, attempts, ordered_at, settled_at
FROM casework.notices WHERE case_id = $1 ORDER BY event, notice_id
"""

# $1 standard, $2 the last case id seen, $3 how many.
OPEN_CASES = """
SELECT c.case_id, n.case_no, c.service, c.centre, c.stage, c.standard_id, c.standard_version, k.clocks, k.promise, k.pause
FROM casework.cases c JOIN casework.kept_clocks k USING (case_id) LEFT JOIN casework.case_numbers n USING (case_id)
WHERE c.standard_id = $1 AND c.closed_at IS NULL AND c.ended_as IS NULL AND c.case_id > $2 ORDER BY c.case_id LIMIT $3
"""
COUNT_OPEN_CASES = "SELECT count(*) AS n FROM casework.cases WHERE standard_id = $1 AND closed_at IS NULL AND ended_as IS NULL"

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

OFFICERS = "SELECT * FROM casework.officers ORDER BY officer_id"
SET_OFFICER = """
INSERT INTO casework.officers (officer_id, name, position, email) VALUES ($1, $2, $3, $4)
ON CONFLICT (officer_id) DO UPDATE SET name = EXCLUDED.name, position = coalesce(EXCLUDED.position, casework.officers.position),
    email = coalesce(EXCLUDED.email, casework.officers.email)
"""
OFFICER_AWAY = """
UPDATE casework.officers SET away_from = $2, away_until = $3, stand_in = $4 WHERE officer_id = $1 RETURNING officer_id
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

# $1 a case's id or number. Whoever acted on it but the requester and the means of the system, and who answered for it.
HANDLERS = """
WITH about AS (
    SELECT case_id FROM casework.cases WHERE case_id = $1
    UNION SELECT case_id FROM casework.case_numbers WHERE case_no = $1
)
SELECT actor_id AS id FROM casework.events JOIN about USING (case_id)
WHERE actor_id IS NOT NULL AND actor_role NOT IN ('requester', 'operator')
UNION SELECT officer_id FROM casework.cases JOIN about USING (case_id) WHERE officer_id IS NOT NULL
ORDER BY id
"""
