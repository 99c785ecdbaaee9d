-- Who answers for matters: names that requesters see, addresses, and who stands in while somebody is away. Both days inclusive.

CREATE TABLE casework.officers (
    officer_id text PRIMARY KEY,
    name       text NOT NULL,
    position   text,
    email      text,
    away_from  date,
    away_until date,
    stand_in   text REFERENCES casework.officers,
    CHECK ((away_from IS NULL) = (away_until IS NULL)),
    CHECK (stand_in IS NULL OR (away_from IS NOT NULL AND stand_in <> officer_id))
);
