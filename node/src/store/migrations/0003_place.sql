-- Where a message stands in its chat: by (depth, mark), and by row where both are the same. A message that brings no place
-- of its own has its row as mark, behind those that do, whose marks are negative.
ALTER TABLE message ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN mark  INTEGER NOT NULL DEFAULT 0;
UPDATE message SET mark = row;
DROP INDEX message_chat;
CREATE INDEX message_place ON message (chat, depth, mark);
DROP INDEX message_unread;
CREATE INDEX message_unread ON message (chat, depth, mark) WHERE unread = 1;

-- The engine's records that it reads when it wants them. Apart from `record`, which is checked and read whole at every
-- start.
CREATE TABLE archive (
  row   INTEGER PRIMARY KEY,
  space INTEGER NOT NULL,
  key   BLOB    NOT NULL,
  value BLOB    NOT NULL DEFAULT x'',
  UNIQUE (space, key)
) STRICT;
