-- A register belongs to a code that its numbers begin with: the centre's own, or another that the pack names.
ALTER TABLE casework.registry RENAME COLUMN centre TO code;
ALTER TABLE casework.case_numbers RENAME COLUMN centre TO registry;
