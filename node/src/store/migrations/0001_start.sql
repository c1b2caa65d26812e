-- The first format. Every number in a column is fixed for ever; a column never changes its meaning.
-- Rows of `message` and `event` are numbered by the store itself, ascending, never reused.

PRAGMA application_id = 1398034503;

-- The engine's own records. With row ids, and so with the keys in an index of their own: values are often over a
-- kilobyte, which a table without row ids would put on a page of their own each.
CREATE TABLE record (
  row   INTEGER PRIMARY KEY,
  space INTEGER NOT NULL,
  key   BLOB    NOT NULL,
  value BLOB    NOT NULL DEFAULT x'',
  UNIQUE (space, key)
) STRICT;

-- Messages are never removed: a deleted one keeps its row with an empty text. `text` stands last, so that
-- reading the rest of a row does not follow its overflow pages.
CREATE TABLE message (
  row         INTEGER PRIMARY KEY,
  id          BLOB    NOT NULL,
  chat        BLOB    NOT NULL,
  author      BLOB    NOT NULL,
  device      BLOB    NOT NULL,
  seq         INTEGER NOT NULL DEFAULT 0,
  me          INTEGER NOT NULL DEFAULT 0,
  kind        INTEGER NOT NULL DEFAULT 1,
  reply_to    BLOB    NOT NULL DEFAULT x'',
  sent_at     INTEGER NOT NULL DEFAULT 0,
  received_at INTEGER NOT NULL DEFAULT 0,
  via         TEXT    NOT NULL DEFAULT '',
  state       INTEGER NOT NULL DEFAULT 1,
  reason      TEXT    NOT NULL DEFAULT '',
  state_at    INTEGER NOT NULL DEFAULT 0,
  edited      INTEGER NOT NULL DEFAULT 0,
  deleted     INTEGER NOT NULL DEFAULT 0,
  unread      INTEGER NOT NULL DEFAULT 0,
  text        TEXT    NOT NULL DEFAULT ''
) STRICT;
-- Unique with the author, which the one statement that inserts sees to: the author in the index would double it.
CREATE INDEX message_id ON message (id);
CREATE INDEX message_chat ON message (chat);
CREATE INDEX message_unread ON message (chat) WHERE unread = 1;
CREATE INDEX message_waiting ON message (state) WHERE me = 1 AND state < 3;

-- How far an own message has come for each of its recipients.
CREATE TABLE recipient (
  message_row INTEGER NOT NULL,
  account     BLOB    NOT NULL,
  state       INTEGER NOT NULL DEFAULT 1,
  reason      TEXT    NOT NULL DEFAULT '',
  at          INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (message_row, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE reaction (
  message_row INTEGER NOT NULL,
  who         BLOB    NOT NULL,
  emoji       TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (message_row, who)
) STRICT, WITHOUT ROWID;

-- Kind 1: the message `message_row`. 2: a receipt for it, in `body`. 3: one of the engine's own, in `body`.
CREATE TABLE event (
  cursor      INTEGER PRIMARY KEY,
  at          INTEGER NOT NULL DEFAULT 0,
  kind        INTEGER NOT NULL DEFAULT 1,
  message_row INTEGER NOT NULL DEFAULT 0,
  body        BLOB    NOT NULL DEFAULT x''
) STRICT;

CREATE TABLE draft (
  chat BLOB NOT NULL PRIMARY KEY,
  text TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- The words of the messages, already folded (store/words.rs), by message row. Kept in step by the statements that
-- change a text. `secure-delete` takes removed words out of the index at once; `pgsz` makes one block of the
-- index fit one page of an encrypted database.
CREATE VIRTUAL TABLE word USING fts5 (text, content='', columnsize=0, detail=none, tokenize='ascii');
INSERT INTO word (word, rank) VALUES ('secure-delete', 1);
INSERT INTO word (word, rank) VALUES ('pgsz', 3900);
