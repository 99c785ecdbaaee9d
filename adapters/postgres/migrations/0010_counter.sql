-- Who is on duty at which service point, and when. What is entered later goes before what was entered earlier for the same hours;
-- an entry without an officer says that the point is not staffed. Nothing is changed or taken away: who sat where stays known.
CREATE TABLE casework.duties (
    duty_id    integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    centre     text        NOT NULL,
    point      integer     NOT NULL,
    officer_id text        REFERENCES casework.officers,
    first_day  date        NOT NULL,
    last_day   date        NOT NULL,
    weekdays   integer[],             -- ISO, 1 = Monday; NULL: every day
    from_time  time        NOT NULL,  -- the office's own time
    until_time time        NOT NULL,  -- not included; 24:00 is the end of the day
    entered_by text        NOT NULL,
    entered_at timestamptz NOT NULL DEFAULT now(),
    CHECK (first_day <= last_day),
    CHECK (from_time < until_time)
);

CREATE INDEX duties_point ON casework.duties (centre, point, last_day);

CREATE TRIGGER duties_are_append_only BEFORE UPDATE OR DELETE ON casework.duties
    FOR EACH ROW EXECUTE FUNCTION casework.refuse_change();

-- The runs of a day's queue. The last one holds it: what an earlier one (terminated, or reset) still tries to write is dropped.
CREATE TABLE casework.queue_holders (
    queue_id text        NOT NULL,
    holder   text        NOT NULL,
    since    timestamptz NOT NULL,
    PRIMARY KEY (queue_id, holder)
);
