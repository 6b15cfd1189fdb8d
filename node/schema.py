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
    arrival INTEGER PRIMARY KEY, id BLOB NOT NULL, lane INTEGER NOT NULL, epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL, header BLOB NOT NULL, salt BLOB NOT NULL, body BLOB NOT NULL,
    signature BLOB NOT NULL);
CREATE UNIQUE INDEX entries_by_place ON entries (lane, seq, epoch, id);
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

ROW_VALUES = 9
BATCH_VIEW = """
CREATE VIEW batch AS
    SELECT NULL AS what, NULL AS a, NULL AS b, NULL AS c, NULL AS d, NULL AS e, NULL AS f, NULL AS g, NULL AS h;
CREATE TRIGGER batch_lane INSTEAD OF INSERT ON batch WHEN NEW.what = 'lane' BEGIN
    INSERT INTO lanes (number, network, name) VALUES (NEW.a, NEW.b, NEW.c);
END;
CREATE TRIGGER batch_entry INSTEAD OF INSERT ON batch WHEN NEW.what = 'entry' BEGIN
    INSERT INTO entries (id, lane, epoch, seq, header, salt, body, signature)
        VALUES (NEW.a, NEW.b, NEW.c, NEW.d, NEW.e, NEW.f, NEW.g, NEW.h);
END;
CREATE TRIGGER batch_line INSTEAD OF INSERT ON batch WHEN NEW.what = 'line' BEGIN
    INSERT INTO lines (account, seq, at_ms, kind, payment, counterpart, amount_minor, balance_minor)
        VALUES (NEW.a, NEW.b, NEW.c, NEW.d, NEW.e, NEW.f, NEW.g, NEW.h);
END;
CREATE TRIGGER batch_text INSTEAD OF INSERT ON batch WHEN NEW.what = 'text' BEGIN
    INSERT OR IGNORE INTO texts (digest, text) VALUES (NEW.a, NEW.b);
END;
CREATE TRIGGER batch_answer INSTEAD OF INSERT ON batch WHEN NEW.what = 'answer' BEGIN
    INSERT INTO answers (scope, request, status, content_type, body, at_ms)
        VALUES (NEW.a, NEW.b, NEW.c, NEW.d, NEW.e, NEW.f);
END;
CREATE TRIGGER batch_event INSTEAD OF INSERT ON batch WHEN NEW.what = 'event' BEGIN
    INSERT INTO events (seq, type, resource, audience, figures) VALUES (NEW.a, NEW.b, NEW.c, NEW.d, NEW.e);
END;
"""
"""Rows for all tables, each told by `what`; a row without it is nothing."""
