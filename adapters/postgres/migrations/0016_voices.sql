-- The voice of the customer: what people say before, during and after a service, by whatever channel, and what they were answered.
CREATE TABLE casework.voices (
    voice_id    integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN
                ('comment', 'question', 'praise', 'dissatisfaction', 'contact', 'information_given', 'extra_help')),
    life_stage  text        NOT NULL CHECK (life_stage IN ('before', 'during', 'after')),
    centre      text        NOT NULL,
    service     text,
    channel     text        NOT NULL,
    segment     text        NOT NULL,
    stakeholder text        NOT NULL,  -- requester, or whoever else has a stake in the service
    case_id     text        REFERENCES casework.cases,
    words       text        NOT NULL,
    at          timestamptz NOT NULL,
    entered_by  text        NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX voices_at ON casework.voices (at);

CREATE TABLE casework.voice_answers (
    voice_id    integer     PRIMARY KEY REFERENCES casework.voices,
    words       text        NOT NULL,
    answered_at timestamptz NOT NULL,
    answered_by text        NOT NULL
);

CREATE TRIGGER voices_are_append_only BEFORE UPDATE OR DELETE ON casework.voices
    FOR EACH ROW EXECUTE FUNCTION casework.refuse_change();
CREATE TRIGGER voice_answers_are_append_only BEFORE UPDATE OR DELETE ON casework.voice_answers
    FOR EACH ROW EXECUTE FUNCTION casework.refuse_change();

-- Everything that was said, wherever it stands: entered by staff, with a rating, as a complaint, as a request for information. It
-- has words, which may name people: casework voice masks them. Others read report_voices.
CREATE VIEW casework.voices_in_words AS
SELECT 'V' || v.voice_id AS voice, v.kind, v.life_stage, v.centre, v.service, v.channel, v.segment, v.stakeholder, v.case_id,
       v.at, v.words, a.words AS answer, a.answered_at
FROM casework.voices v LEFT JOIN casework.voice_answers a USING (voice_id)
UNION ALL
SELECT 'R' || a.case_id || '/' || a.seq || k.kind, k.kind, 'after', c.centre, c.service, c.channel, a.segment, 'requester',
       a.case_id, a.answered_at, k.words, NULL, NULL
FROM casework.satisfaction_answers a JOIN casework.cases c USING (case_id),
     LATERAL (VALUES ('dissatisfaction', a.dissatisfaction), ('praise', a.praise)) AS k(kind, words)
WHERE k.words IS NOT NULL
UNION ALL
SELECT 'C' || c.case_id, 'complaint', CASE WHEN about.concluded_at <= c.received_at THEN 'after'
            WHEN about.case_id IS NOT NULL THEN 'during' ELSE 'before' END,
       c.centre, coalesce(about.service, c.service), c.channel, c.segment, 'requester', c.case_id, c.received_at,
       c.subject || CASE WHEN c.details <> '' THEN E'\n' || c.details ELSE '' END,
       CASE WHEN c.concluded_at IS NOT NULL THEN coalesce(c.outcome, '') END, c.concluded_at
FROM casework.cases c
LEFT JOIN casework.case_numbers n ON n.case_no = c.request->>'about_case'
LEFT JOIN casework.cases about ON about.case_id IN (c.request->>'about_case', n.case_id)
WHERE c.service = 'complaint'
UNION ALL
SELECT 'I' || c.case_id, CASE WHEN c.service = 'improvement' THEN 'idea' ELSE 'question' END, 'before', c.centre,
       coalesce(c.request->>'about_service', c.service), c.channel, c.segment, 'requester', c.case_id, c.received_at,
       c.subject || CASE WHEN c.details <> '' THEN E'\n' || c.details ELSE '' END,
       CASE WHEN c.outcome IN ('provided', 'referred_answered', 'improved', 'no_effect', 'declined') THEN c.outcome END,
       CASE WHEN c.outcome IN ('provided', 'referred_answered', 'improved', 'no_effect', 'declined') THEN c.concluded_at END
FROM casework.cases c
WHERE c.service = 'information_request' OR (c.service = 'improvement' AND c.request->>'cause' LIKE 'idea%');

-- The same without words: what anybody may count.
CREATE VIEW casework.report_voices AS
SELECT voice, kind, life_stage, centre, service, channel, segment, stakeholder, case_id, at, answered_at,
       answered_at IS NOT NULL AS answered, extract(epoch FROM answered_at - at) / 3600 AS reply_hours
FROM casework.voices_in_words;
