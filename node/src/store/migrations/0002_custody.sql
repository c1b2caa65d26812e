-- How many mailboxes keep a message for a recipient, and until when the last of them promised to; 0 for none.
ALTER TABLE recipient ADD COLUMN kept  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recipient ADD COLUMN until INTEGER NOT NULL DEFAULT 0;
-- From here on `event.kind` 4 is a receipt that says who keeps the message, in `body`.
