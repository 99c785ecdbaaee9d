-- How the requester was asked, and what is kept apart from satisfaction: engagement (would come again, would recommend).
ALTER TABLE casework.satisfaction_answers
    ADD COLUMN how        text,
    ADD COLUMN engagement jsonb NOT NULL DEFAULT '{}';
