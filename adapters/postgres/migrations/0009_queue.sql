-- What happens in the queue of a centre's day; tickets, waiting and service times are counted from it.
CREATE TABLE casework.queue_events (
    queue_id    text        NOT NULL,
    seq         integer     NOT NULL,
    key         text        NOT NULL,
    centre      text        NOT NULL,
    day         date        NOT NULL,
    at          timestamptz NOT NULL,
    type        text        NOT NULL,
    ticket      text,
    point       integer,
    actor_id    text,
    actor_role  text,
    data        jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (queue_id, seq, key)
);

CREATE INDEX queue_events_day ON casework.queue_events (centre, day, type);

CREATE TRIGGER queue_events_are_append_only BEFORE UPDATE OR DELETE ON casework.queue_events
    FOR EACH ROW EXECUTE FUNCTION casework.refuse_change();

-- A ticket from arrival to its end. A ticket that is called again after it stepped aside has its last point and officer; it was
-- served from the last time that service began.
CREATE VIEW casework.tickets AS
SELECT
    queue_id, centre, day, ticket,
    coalesce((array_agg(data->>'service' ORDER BY seq) FILTER (WHERE type = 'transferred'))[
        count(*) FILTER (WHERE type = 'transferred')], min(data->>'service') FILTER (WHERE type = 'taken')) AS service,
    coalesce(min(data->>'priority') FILTER (WHERE type = 'taken'), 'ordinary') AS priority,
    min(coalesce((data->>'arrived_at')::timestamptz, at)) FILTER (WHERE type = 'taken') AS arrived_at,
    min(at) FILTER (WHERE type = 'called') AS first_called_at,
    count(*) FILTER (WHERE type IN ('called', 'recalled')) AS calls,
    max(at) FILTER (WHERE type = 'began') AS began_at,
    max(at) FILTER (WHERE type IN ('finished', 'no_show', 'sent_home', 'carried_over')) AS ended_at,
    max(type) FILTER (WHERE type IN ('finished', 'no_show', 'sent_home', 'carried_over')) AS outcome,
    (array_agg(point ORDER BY seq DESC) FILTER (WHERE type = 'called'))[1] AS point,
    (array_agg(data->>'officer' ORDER BY seq DESC) FILTER (WHERE type = 'called'))[1] AS officer_id,
    (array_agg(coalesce(data->>'case_id', '') ORDER BY seq DESC) FILTER (WHERE data ? 'case_id'))[1] AS case_id
FROM casework.queue_events WHERE ticket IS NOT NULL
GROUP BY queue_id, centre, day, ticket;
