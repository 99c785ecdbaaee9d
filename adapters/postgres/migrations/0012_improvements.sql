-- Improvement tasks, and the cases that gave rise to them.
CREATE INDEX events_of_tasks ON casework.events ((data->>'task')) WHERE type = 'improvement_task_opened';

CREATE VIEW casework.report_improvements AS
SELECT
    c.case_id, n.case_no, c.centre, c.subject,
    c.request->>'cause' AS cause, c.request->>'about_service' AS about_service, c.request->>'about_step' AS about_step,
    c.request->>'month' AS month,
    c.stage, c.outcome, c.officer_id AS owner, c.received_at, c.due_at, c.overdue, c.breached_at, c.closed_at,
    (SELECT count(DISTINCT e.case_id) FROM casework.events e
      WHERE e.type = 'improvement_task_opened' AND e.data->>'task' = c.case_id) AS cases,
    said.plan, said.done, said.standard, said.effect, said.figures
FROM casework.cases c
JOIN casework.case_numbers n USING (case_id)
LEFT JOIN LATERAL (
    SELECT
        (array_agg(e.data->>'plan' ORDER BY e.at DESC, e.seq DESC) FILTER (WHERE e.type = 'task_taken'))[1] AS plan,
        (array_agg(e.data->>'done' ORDER BY e.at DESC, e.seq DESC) FILTER (WHERE e.type = 'improvement_reported'))[1] AS done,
        (array_agg(e.data->>'standard' ORDER BY e.at DESC, e.seq DESC) FILTER (WHERE e.type = 'improvement_reported'))[1] AS standard,
        (array_agg(e.data->>'effect' ORDER BY e.at DESC, e.seq DESC) FILTER (WHERE e.type = 'effect_measured'))[1] AS effect,
        (array_agg(e.data->>'figures' ORDER BY e.at DESC, e.seq DESC) FILTER (WHERE e.type = 'effect_measured'))[1] AS figures
    FROM casework.events e WHERE e.case_id = c.case_id
) said ON true
WHERE c.service = 'improvement';
