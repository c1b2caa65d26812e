-- What a mailbox holds for others. The first format; a column never changes its meaning. Times in `_ms` are lived
-- time of this database, but for `wall_ms`.

PRAGMA application_id = 1398034541;

-- One row: sums over everything, and both clocks as they were noted last.
CREATE TABLE sums (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  boxes     INTEGER NOT NULL DEFAULT 0,
  queues    INTEGER NOT NULL DEFAULT 0,
  envelopes INTEGER NOT NULL DEFAULT 0,
  bytes     INTEGER NOT NULL DEFAULT 0,
  next_box  INTEGER NOT NULL DEFAULT 0,
  lived_ms  INTEGER NOT NULL DEFAULT 0,
  wall_ms   INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO sums (one) VALUES (1);

-- `token` is the hash of its owner's token.
CREATE TABLE box (
  id          INTEGER PRIMARY KEY,
  token       BLOB    NOT NULL UNIQUE,
  grant_id    BLOB    NOT NULL,
  quota_bytes INTEGER NOT NULL DEFAULT 0,
  used_bytes  INTEGER NOT NULL DEFAULT 0,
  queues      INTEGER NOT NULL DEFAULT 0,
  envelopes   INTEGER NOT NULL DEFAULT 0,
  next_number INTEGER NOT NULL DEFAULT 1,
  run         INTEGER NOT NULL DEFAULT 0,
  round       INTEGER NOT NULL DEFAULT 0,
  closed      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX box_grant ON box (grant_id);

CREATE TABLE revoked (
  grant_id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- `deposit` is the hash of the token that allows to write to it.
CREATE TABLE queue (
  id          BLOB    NOT NULL PRIMARY KEY,
  owner       INTEGER NOT NULL,
  deposit     BLOB    NOT NULL,
  limit_bytes INTEGER NOT NULL DEFAULT 0,
  used_bytes  INTEGER NOT NULL DEFAULT 0,
  card_bytes  INTEGER NOT NULL DEFAULT 0,
  envelopes   INTEGER NOT NULL DEFAULT 0,
  round       INTEGER NOT NULL DEFAULT 0,
  spent_bytes INTEGER NOT NULL DEFAULT 0,
  spent_at_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_round ON queue (owner, round);

-- Apart from their queues, whose rows are rewritten with every deposit.
CREATE TABLE card (
  queue BLOB NOT NULL PRIMARY KEY,
  card  BLOB NOT NULL DEFAULT x''
) STRICT;

-- `bytes` stands last, so that reading the rest of a row does not follow its overflow pages.
CREATE TABLE envelope (
  row      INTEGER PRIMARY KEY,
  owner    INTEGER NOT NULL,
  number   INTEGER NOT NULL,
  queue    BLOB    NOT NULL,
  hash     BLOB    NOT NULL,
  until_ms INTEGER NOT NULL DEFAULT 0,
  at_s     INTEGER NOT NULL DEFAULT 0,
  envelope BLOB    NOT NULL DEFAULT x''
) STRICT;
CREATE UNIQUE INDEX envelope_number ON envelope (owner, number);
CREATE UNIQUE INDEX envelope_hash ON envelope (queue, hash);
CREATE INDEX envelope_until ON envelope (until_ms, owner, number);
