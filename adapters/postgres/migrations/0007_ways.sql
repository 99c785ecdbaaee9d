-- By which channel a notice went, and what was tried before.
ALTER TABLE casework.notices ADD COLUMN sent_by text;
