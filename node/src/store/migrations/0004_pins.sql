-- A hidden message keeps its row, so that it cannot come again; its text is gone. `pinned` counts up within a chat with each
-- pin, 0 for none; `pinned_by` is the account that did it. `attempt` is the try of an own message.
ALTER TABLE message ADD COLUMN hidden    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN pinned    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN pinned_by BLOB    NOT NULL DEFAULT x'';
ALTER TABLE message ADD COLUMN attempt   INTEGER NOT NULL DEFAULT 1;
CREATE INDEX message_pinned ON message (chat, pinned) WHERE pinned > 0;
-- From here on `event.kind` 1 about a hidden message says that it is hidden, and 5 is a receipt of a later try, in `body`.

-- How a chat is shown and told on this node. A chat without a row is as all are at first. `mute`: 0 off, 1 all, 2 all but
-- what names us; `mute_until` 0 for ever. `notify`: 0 as all chats, 1 text, 2 name, 3 something, 4 off.
CREATE TABLE chat_setting (
  chat       BLOB    NOT NULL PRIMARY KEY,
  mute       INTEGER NOT NULL DEFAULT 0,
  mute_until INTEGER NOT NULL DEFAULT 0,
  pinned     INTEGER NOT NULL DEFAULT 0,
  archived   INTEGER NOT NULL DEFAULT 0,
  notify     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
