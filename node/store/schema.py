# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tables of a node's database, and how rows enter them."""

from node.store import private

SCHEMA_VERSION = 6

BOARD_ITEMS = (
    "CREATE TABLE board_items (arrival INTEGER PRIMARY KEY, network BLOB NOT NULL, item BLOB NOT NULL,"
    " wire BLOB NOT NULL, UNIQUE (network, item))"
)

TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE lanes (
    number INTEGER PRIMARY KEY, network BLOB NOT NULL, name TEXT NOT NULL, UNIQUE (network, name));
CREATE TABLE entries (
    arrival INTEGER PRIMARY KEY, id BLOB NOT NULL, lane INTEGER NOT NULL, epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL, wire BLOB NOT NULL);
CREATE UNIQUE INDEX entries_by_place ON entries (lane, seq, epoch, id);
CREATE TABLE accounts (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE lines (
    arrival INTEGER PRIMARY KEY, account INTEGER NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL, payment BLOB, counterpart TEXT, amount_minor INTEGER NOT NULL,
    balance_minor INTEGER NOT NULL);
CREATE INDEX lines_by_account ON lines (account, arrival);
CREATE TABLE rows (
    kind TEXT NOT NULL, place INTEGER NOT NULL, key BLOB NOT NULL, closed INTEGER NOT NULL, data BLOB NOT NULL,
    digest BLOB NOT NULL, PRIMARY KEY (kind, place)) WITHOUT ROWID;
CREATE UNIQUE INDEX rows_by_key ON rows (kind, key);
CREATE INDEX rows_open ON rows (kind, place) WHERE closed = 0;
CREATE TABLE row_index (
    kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (kind, name, value, place)) WITHOUT ROWID;
CREATE TABLE undone (
    number INTEGER PRIMARY KEY, until INTEGER NOT NULL, kind TEXT NOT NULL, key BLOB NOT NULL, place INTEGER NOT NULL,
    closed INTEGER NOT NULL, data BLOB NOT NULL, digest BLOB NOT NULL);
CREATE INDEX undone_by_key ON undone (kind, key, until);
{private.PRIVATE_TABLES}CREATE TABLE answers (
    number INTEGER PRIMARY KEY, scope BLOB NOT NULL UNIQUE, request BLOB NOT NULL, status INTEGER NOT NULL,
    content_type TEXT NOT NULL, body BLOB NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, type TEXT NOT NULL, resource TEXT NOT NULL, audience TEXT NOT NULL,
    figures TEXT NOT NULL);
CREATE TABLE tokens (
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, role TEXT NOT NULL, label TEXT NOT NULL,
    last4 TEXT NOT NULL, created_ms INTEGER NOT NULL, member TEXT, scopes TEXT, expires_ms INTEGER,
    revoked_ms INTEGER, session_key BLOB);
CREATE INDEX tokens_by_member ON tokens (member, number);
{BOARD_ITEMS};
"""

INSERTS = {
    "lanes": ("INSERT INTO lanes (number, network, name)", 3),
    "entries": ("INSERT INTO entries (id, lane, epoch, seq, wire)", 5),
    "accounts": ("INSERT INTO accounts (number, id)", 2),
    "lines": (
        "INSERT INTO lines (account, seq, at_ms, kind, payment, counterpart, amount_minor, balance_minor)", 8
    ),
    "rows": ("INSERT OR REPLACE INTO rows (kind, place, key, closed, data, digest)", 6),
    "row_index": ("INSERT OR IGNORE INTO row_index (kind, name, value, place)", 4),
    "meta": ("INSERT OR IGNORE INTO meta (key, value)", 2),
    "answers": ("INSERT INTO answers (scope, request, status, content_type, body, at_ms)", 6),
    **private.PRIVATE_INSERTS,
    "board_items": ("INSERT OR REPLACE INTO board_items (arrival, network, item, wire)", 4),
    "events": ("INSERT INTO events (seq, type, resource, audience, figures)", 5),
}  # fmt: skip
"""How the rows of a batch enter each table, and how many values a row has."""
