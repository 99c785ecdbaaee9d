-- Views that anybody may read (docs/reports.md says what each column means). No name of a requester, and no officer's figures.
-- Improvement tasks are nobody's matters: they have a view of their own.
CREATE INDEX cases_concluded ON casework.cases (concluded_at) WHERE concluded_at IS NOT NULL;
CREATE INDEX steps_stopped ON casework.steps (stopped_at);

-- One row for each case: when it was received, done and closed, whether it was late, and what happened on the way.
CREATE VIEW casework.report_cases AS
SELECT
    c.case_id, n.case_no, c.service, c.centre, c.channel, c.segment, c.agency, c.request->>'matter' AS matter,
    c.standard_id, c.standard_version, c.stage, c.outcome, c.ended_as,
    c.received_at, c.concluded_at, c.closed_at, c.promised_at, c.breached_at, c.breached_at IS NOT NULL AS late,
    extract(epoch FROM c.concluded_at - c.received_at) / 86400 AS days,
    coalesce(h.assigned, 0) AS assigned, coalesce(o.passed_on, 0) AS passed_on,
    coalesce(h.reassigned, 0) AS reassigned, coalesce(h.deficient, 0) AS deficiency_lists,
    coalesce(h.reopened, 0) AS reopened, coalesce(h.extended, 0) AS extended, coalesce(h.progress, 0) AS progress_told,
    coalesce(h.chased, 0) AS chased, c.officer_id IS NOT NULL AS has_officer, coalesce(h.low, false) OR EXISTS (
        SELECT 1 FROM casework.notices b WHERE b.case_id = c.case_id AND b.template = 'call_back') AS rated_low,
    h.rated, h.silent AND NOT h.rated AS silent, coalesce(h.called_back, false) AS called_back,
    (h.rated OR h.silent OR EXISTS (SELECT 1 FROM casework.notices o
        WHERE o.case_id = c.case_id AND o.template = 'satisfaction_invite')) AS asked
FROM casework.cases c
LEFT JOIN casework.case_numbers n USING (case_id)
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE e.type = 'assigned_to_owner') AS assigned,
        count(*) FILTER (WHERE e.type = 'reassigned') AS reassigned,
        count(*) FILTER (WHERE e.type = 'deficiency_list_issued') AS deficient,
        count(*) FILTER (WHERE e.type IN ('reopened', 'contested')) AS reopened,
        count(*) FILTER (WHERE e.type = 'extended') AS extended,
        count(*) FILTER (WHERE e.type IN ('progress_notified', 'progress_reported')) AS progress,
        count(*) FILTER (WHERE e.type IN ('chased', 'warned', 'reminded') AND e.data->>'step' <> 'satisfaction') AS chased,
        bool_or(e.type = 'improvement_task_opened' AND e.data->>'because' IN ('low score', 'dissatisfaction')) AS low,
        coalesce(bool_or(e.type = 'rated'), false) AS rated,
        coalesce(bool_or(e.type = 'satisfaction_not_answered'), false) AS silent,
        bool_or(e.type = 'called_back' AND (e.data->>'reached')::boolean) AS called_back
    FROM casework.events e WHERE e.case_id = c.case_id
) h ON true
LEFT JOIN LATERAL (  -- from one agency to another; the same agency again is none
    SELECT count(*) AS passed_on FROM (
        SELECT e.data->>'agency' AS agency, lag(e.data->>'agency') OVER (ORDER BY e.at, e.seq) AS before
        FROM casework.events e WHERE e.case_id = c.case_id AND e.type = 'assigned_to_owner') a
    WHERE a.before IS NOT NULL AND a.agency <> a.before
) o ON true
WHERE c.service <> 'improvement';

-- One row for each finished step. Gross is from beginning to end by the calendar, net without the time that stood still.
CREATE VIEW casework.report_steps AS
SELECT
    s.case_id, n.case_no, c.service, c.centre, s.step, s.agency, s.started_at, s.due_at, s.stopped_at, s.late, s.extended,
    extract(epoch FROM s.stopped_at - s.started_at) / 3600 AS gross_hours,
    (extract(epoch FROM s.stopped_at - s.started_at) - s.paused) / 3600 AS net_hours
FROM casework.steps s JOIN casework.cases c USING (case_id) LEFT JOIN casework.case_numbers n USING (case_id)
WHERE s.step <> 'satisfaction' AND c.service <> 'improvement';

-- One row for each time that a case was with an owner agency: from when it was assigned until it went on or was done.
CREATE VIEW casework.report_hops AS
SELECT
    h.case_id, n.case_no, c.service, c.centre, h.agency, h.hop, h.at AS from_at, coalesce(h.next_at, c.concluded_at) AS until_at,
    coalesce(h.next_agency <> h.agency, false) AS passed_on,
    extract(epoch FROM coalesce(h.next_at, c.concluded_at) - h.at) / 3600 AS hours
FROM (
    SELECT e.case_id, e.at, e.data->>'agency' AS agency,
           row_number() OVER (PARTITION BY e.case_id ORDER BY e.at, e.seq) AS hop,
           lead(e.at) OVER (PARTITION BY e.case_id ORDER BY e.at, e.seq) AS next_at,
           lead(e.data->>'agency') OVER (PARTITION BY e.case_id ORDER BY e.at, e.seq) AS next_agency
    FROM casework.events e WHERE e.type IN ('assigned_to_owner', 'info_not_found')
) h JOIN casework.cases c USING (case_id) LEFT JOIN casework.case_numbers n USING (case_id);

-- One row for each answer: scores, engagement, dissatisfaction and praise apart. Who is silent has none, and counts as silent.
CREATE VIEW casework.report_answers AS
SELECT
    a.case_id, n.case_no, c.service, c.centre, c.channel, a.segment, c.agency, a.how, a.answered_at, c.standard_id,
    c.standard_version, a.scores, a.engagement, a.dissatisfaction IS NOT NULL AS dissatisfied, a.praise IS NOT NULL AS praised
FROM casework.satisfaction_answers a JOIN casework.cases c USING (case_id) LEFT JOIN casework.case_numbers n USING (case_id);

-- One row for each visit at the counter: how long they waited and were served.
CREATE VIEW casework.report_visits AS
SELECT
    t.queue_id, t.centre, t.day, t.ticket, t.service, t.priority, t.outcome, t.case_id, t.arrived_at, t.first_called_at,
    t.outcome = 'no_show' AS no_show,
    extract(epoch FROM t.first_called_at - t.arrived_at) / 60 AS waited_minutes,
    CASE WHEN t.outcome = 'finished' THEN extract(epoch FROM t.ended_at - t.began_at) / 60 END AS served_minutes
FROM casework.tickets t;
