# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tables of a node's database, and the view through which a whole batch enters them in one statement.

Each step of each statement gives Python's interpreter up and waits to get it back, for milliseconds while
the event loop is busy: a commit of several statements was measured at 190 ms where this one takes three.
"""

SCHEMA_VERSION = 1

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE lanes (
    number INTEGER PRIMARY KEY, network BLOB NOT NULL, name TEXT NOT NULL, UNIQUE (network, name));
CREATE TABLE entries (
    arrival INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, lane INTEGER NOT NULL, epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL, header BLOB NOT NULL, salt BLOB NOT NULL, body BLOB NOT NULL,
    signature BLOB NOT NULL);
CREATE INDEX entries_by_place ON entries (lane, seq, epoch);
CREATE TABLE lines (
    arrival INTEGER PRIMARY KEY, account TEXT NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL, payment BLOB, counterpart TEXT, amount_minor INTEGER NOT NULL,
    balance_minor INTEGER NOT NULL);
CREATE INDEX lines_by_account ON lines (account, arrival);
CREATE TABLE texts (digest BLOB PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE answers (
    number INTEGER PRIMARY KEY, scope BLOB NOT NULL UNIQUE, request BLOB NOT NULL, status INTEGER NOT NULL,
    content_type TEXT NOT NULL, body BLOB NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, type TEXT NOT NULL, resource TEXT NOT NULL, audience TEXT NOT NULL,
    figures TEXT NOT NULL);
CREATE TABLE tokens (
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, role TEXT NOT NULL, label TEXT NOT NULL,
    last4 TEXT NOT NULL, created_ms INTEGER NOT NULL, member TEXT, scopes TEXT, expires_ms INTEGER,
    revoked_ms INTEGER);
"""

BATCH_VIEW = """
-- A batch is its bytes end to end, and for each table a JSON array of rows: where in the bytes a row begins
-- (counted from 1), how long its parts are, and what is no bytes.
CREATE VIEW batch AS
    SELECT
        NULL AS bytes, NULL AS lanes, NULL AS entries, NULL AS lines, NULL AS texts, NULL AS answers,
        NULL AS events;
CREATE TRIGGER batch_is_spread INSTEAD OF INSERT ON batch BEGIN
    INSERT OR IGNORE INTO lanes (network, name)
        SELECT substr(NEW.bytes, value->>0, 32), value->>1 FROM json_each(NEW.lanes);
    INSERT INTO entries (id, lane, epoch, seq, header, salt, body, signature)
        SELECT
            substr(NEW.bytes, value->>0, 32),
            (SELECT number FROM lanes WHERE network = substr(NEW.bytes, value->>1, 32) AND name = value->>2),
            value->>3,
            value->>4,
            substr(NEW.bytes, (value->>0) + 112, value->>5),
            substr(NEW.bytes, (value->>0) + 32, 16),
            substr(NEW.bytes, (value->>0) + 112 + (value->>5), value->>6),
            substr(NEW.bytes, (value->>0) + 48, 64)
        FROM json_each(NEW.entries) ORDER BY key;
    INSERT INTO lines (account, seq, at_ms, kind, payment, counterpart, amount_minor, balance_minor)
        SELECT
            value->>2, value->>3, value->>4, value->>5,
            CASE value->>1 WHEN 0 THEN NULL ELSE substr(NEW.bytes, value->>0, value->>1) END,
            value->>6, value->>7, value->>8
        FROM json_each(NEW.lines) ORDER BY key;
    INSERT OR IGNORE INTO texts (digest, text)
        SELECT substr(NEW.bytes, value->>0, 32), substr(NEW.bytes, (value->>0) + 32, value->>1)
        FROM json_each(NEW.texts);
    INSERT INTO answers (scope, request, body, status, content_type, at_ms)
        SELECT
            substr(NEW.bytes, value->>0, 32),
            substr(NEW.bytes, (value->>0) + 32, 32),
            substr(NEW.bytes, (value->>0) + 64, value->>1),
            value->>2, value->>3, value->>4
        FROM json_each(NEW.answers) ORDER BY key;
    INSERT INTO events (seq, type, resource, audience, figures)
        SELECT value->>0, value->>1, value->>2, value->'$[3]', value->'$[4]' FROM json_each(NEW.events);
END;
"""
