-- The journal: records are appended and never changed.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    seq            INTEGER PRIMARY KEY,
    engine_version INTEGER NOT NULL,
    recorded_ns    INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    payload        BLOB NOT NULL,
    prev_hash      BLOB NOT NULL,
    row_hash       BLOB NOT NULL,
    sealed         INTEGER NOT NULL DEFAULT 0
) STRICT;

-- An execution is booked once, whatever memory has forgotten.
CREATE TABLE fills (
    account        TEXT NOT NULL,
    venue          TEXT NOT NULL,
    symbol         TEXT NOT NULL,
    exec_id        TEXT NOT NULL,
    venue_order_id TEXT NOT NULL,
    seq            INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX fill_key ON fills (account, venue, symbol, exec_id, venue_order_id);

-- The first sending of every order: a second one must be a resend of the same content.
CREATE TABLE orders (
    client_order_id TEXT PRIMARY KEY NOT NULL,
    content         BLOB NOT NULL,
    seq             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshots (
    seq            INTEGER PRIMARY KEY,
    engine_version INTEGER NOT NULL,
    payload        BLOB NOT NULL,
    digest         BLOB NOT NULL
) STRICT;

-- A snapshot is written in parts, so that no commit waits behind all of it. Its row above comes
-- last: it holds what is left after the parts, and the digest of everything.
CREATE TABLE snapshot_parts (
    seq     INTEGER NOT NULL,
    part    INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (seq, part)
) STRICT;
