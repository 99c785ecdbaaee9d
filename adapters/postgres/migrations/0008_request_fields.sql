-- What a service asks in its request beside what every request says.
ALTER TABLE casework.cases ADD COLUMN request jsonb NOT NULL DEFAULT '{}';
