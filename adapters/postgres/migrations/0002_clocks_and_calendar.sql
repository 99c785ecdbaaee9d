-- What became of the calendar after a standard was published. Append-only: a later change of the same date takes the place of
-- an earlier one, and any due time ever told can be counted again on the calendar it was counted on.

CREATE TABLE casework.calendar_changes (
    revision integer     PRIMARY KEY,
    standard text        NOT NULL,
    date     date        NOT NULL,
    kind     text        NOT NULL CHECK (kind IN ('holiday', 'withdrawn', 'hours')),
    name_th  text        NOT NULL,
    name_en  text        NOT NULL,
    hours    jsonb       NOT NULL,
    reason   text        NOT NULL,
    region   text,
    made_by  text        NOT NULL,
    made_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX calendar_changes_of ON casework.calendar_changes (standard, revision);

CREATE OR REPLACE FUNCTION casework.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP;
END $$;

CREATE TRIGGER calendar_changes_are_append_only BEFORE UPDATE OR DELETE ON casework.calendar_changes
    FOR EACH ROW EXECUTE FUNCTION casework.refuse_change();

-- What the running clocks of an open case keep, so that everybody whose dates a change would move is found in one look.
ALTER TABLE casework.cases
    ADD COLUMN clocks  jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN promise jsonb,
    ADD COLUMN pause   jsonb;

CREATE INDEX cases_open_under ON casework.cases (standard_id, case_id) WHERE closed_at IS NULL;
