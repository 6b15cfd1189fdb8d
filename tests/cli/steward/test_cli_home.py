# SPDX-License-Identifier: AGPL-3.0-or-later
"""A steward looks after a home: founds it, verifies it, makes its tables anew, copies it and puts the copy back."""

import asyncio
import shutil
import sqlite3
import stat
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from node.clock import chance
from node.http.secret import token_hash
from node.keeping.home import DATABASE, HIGH_WATER, locked, read_keys
from node.loop.batch import Batch
from node.store.highwater import HighWater
from node.store.storage import Storage
from node.store.tokens import Token
from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.events import Answer, Asked, Line, Store
from protocol.lanes.entry import LEDGER, Entry, encode_body, seal
from protocol.practices import PRACTICES
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.entries import Suspended
from protocol.practices.people.members.views import Approve, Join
from protocol.replica import Replica

NOW = 1_795_000_000_000
STEWARD = Actor(Role.STEWARD)

Written = tuple[Sequence[Entry], Sequence[Line]]


@pytest.fixture
def riacho(mutirao: Callable[..., Any], tmp_path: Path) -> Path:
    """A home in which ana has paid bia 12.50 and 2.50."""
    home = tmp_path / "riacho"
    ended = mutirao("init", "--home", home, "--handle", "riacho", "--name", "Riacho", "--currency", "HORA")
    assert ended.code == 0
    trade(home, "ana", "bia", "1250", "250")
    return home


def trade(home: Path, payer: str, payee: str, *values: str) -> None:
    """Let two members join and one pay the other, as its node would write it."""

    def write(replica: Replica) -> Written:
        entries: list[Entry] = []
        lines: list[Line] = []

        def do(operation: str, wish: Any, subject: str = "") -> Any:
            effects = replica.handle([Asked(1, operation, STEWARD, wish, subject)], NOW)
            for effect in effects:
                if isinstance(effect, Store):
                    entries.append(effect.entry)
                    lines.extend(effect.lines)
            return next(effect.result for effect in effects if isinstance(effect, Answer))

        for handle in (payer, payee):
            do("members.join", Join(do("invitations.create", Invite()).code, handle))
            do("members.approve", Approve(), handle)
        for value in values:
            paid = do("payments.create", Pay(payer=payer, payee=payee, amount=Amount(int(value), "HORA", 2)))
            assert paid.state == "posted"
        return entries, lines

    append(home, write)


def append(home: Path, write: Callable[[Replica], Written]) -> None:
    """Store what is written in a home, and advance its high-water mark."""

    async def store() -> None:
        storage = await Storage.open(home / DATABASE)
        network = await storage.network()
        assert network is not None
        replica = Replica(network, PRACTICES, chance=chance, keyring=read_keys(home).keyring)
        for _ in replica.load(storage.entries()):
            pass
        entries, lines = write(replica)
        await storage.commit(Batch(list(entries), list(lines)))
        reach = await storage.reach(network)
        assert reach is not None
        mark = HighWater(home / HIGH_WATER, network)
        mark.advance(reach)
        mark.close()
        await storage.close()

    asyncio.run(store())


def alter(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / DATABASE)) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def test_founding_tells_who_the_network_is_and_the_steward_s_token(mutirao: Callable[..., Any], tmp_path: Path) -> None:
    words = ("init", "--home", tmp_path / "riacho", "--handle", "riacho", "--name", "Riacho", "--currency", "HORA",
             "--scale", 2, "--default-limit", "100.00", "--json")  # fmt: skip
    shown = mutirao(*words).shown
    assert shown.keys() == {"network_id", "handle", "peer_id", "steward_token"}
    assert shown["handle"] == "riacho" and shown["peer_id"].startswith("12D3Koo")
    assert stat.S_IMODE((tmp_path / "riacho/keys/hot.key").stat().st_mode) == 0o600
    again = mutirao(*words)
    assert again.code == 1
    assert "HOME_UNUSABLE" in again.err and "is not empty" in again.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("--currency HORA", 2, "--handle is missing"),
        ("--handle riacho", 2, "--currency is missing"),
        ("--handle riacho --currency HORA --default-limit 1,5", 2, "has a comma"),
        ("--handle Riacho! --currency HORA", 1, "is no handle"),
        ("--handle riacho --currency hora", 1, "the currency 'hora' is refused"),
        ("--handle riacho --currency HORA --default-limit 1.005", 1, "SCALE_EXCEEDED"),
        ("--replica-of abc", 2, "--replica-of goes with --invitation"),
        ("--replica-of abc --invitation 00", 1, "'abc' is no network id"),
    ],
)
def test_what_cannot_be_founded_leaves_nothing_behind(
    mutirao: Callable[..., Any], tmp_path: Path, words: str, code: int, told: str
) -> None:
    ended = mutirao("init", "--home", tmp_path / "home", *words.split())
    assert (ended.code, ended.out) == (code, "")
    assert told in ended.err
    assert not (tmp_path / "home").exists()


def test_a_sound_book_is_told_with_its_figures(mutirao: Callable[..., Any], riacho: Path) -> None:
    shown = mutirao("verify", "book", "--home", riacho, "--json").shown
    assert (shown["valid"], shown["faults"], shown["sums"]) == (True, [], {"HORA": 0})
    assert (shown["entries"], shown["lines"], shown["accounts"]) == (11, 4, 5)
    assert "valid       yes" in mutirao("verify", "book", "--home", riacho).out


def test_an_altered_statement_is_found_and_made_anew_from_the_entries(
    mutirao: Callable[..., Any], riacho: Path
) -> None:
    alter(riacho, "UPDATE lines SET balance_minor = balance_minor + 1 WHERE arrival = 2")
    ended = mutirao("verify", "book", "--home", riacho, "--json")
    assert ended.code == 1
    assert ended.shown["valid"] is False and ended.shown["code"] == "BOOK_INVALID"
    assert ended.shown["faults"] == ["statement line 2 is not what entry 10 makes it"]
    assert mutirao("rebuild", "--home", riacho, "--json").shown == {"statement_lines": 4}
    assert mutirao("verify", "book", "--home", riacho).code == 0


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM lines WHERE arrival = 4", "statement line 4 is not what entry 11 makes it"),
        ("INSERT INTO lines SELECT 9, account, seq, at_ms, kind, payment, counterpart, 0, 0 FROM lines LIMIT 1",
         "there are statement lines that no entry makes"),
        ("DELETE FROM entries WHERE arrival = 10", "entry 11: it does not follow the one before it"),
        (("UPDATE entries SET wire = CAST(substr(wire, 1, length(wire) - 64) || zeroblob(64) AS BLOB)"
         " WHERE arrival = 10"),
         "entry 10: an entry that the network's key has not signed"),
        (("UPDATE entries SET wire = CAST(substr(wire, 1, length(wire) - 67) || x'ff' || substr(wire, -66) AS BLOB)"
         " WHERE arrival = 10"),
         "entry 10: the body is not the one that the header names"),
        ("UPDATE entries SET seq = 1000 WHERE arrival = 10",
         "entry 10: the database names it otherwise than it names itself"),
        ("UPDATE entries SET wire = 5 WHERE arrival = 10",
         "entry 10: the database holds something else than bytes there"),
        (("UPDATE entries SET wire = CAST(x'8441a050' || zeroblob(16) || x'41005840' || zeroblob(64) AS BLOB)"
         " WHERE arrival = 10"),
         "entry 10: header: v: missing"),
    ],
)  # fmt: skip
def test_whatever_is_altered_in_the_database_is_found(
    mutirao: Callable[..., Any], riacho: Path, statement: str, fault: str
) -> None:
    alter(riacho, statement)
    ended = mutirao("verify", "book", "--home", riacho, "--json")
    assert ended.code == 1
    assert ended.shown["faults"] == [fault]


def test_an_entry_against_the_rules_is_found_though_the_operator_signed_it(
    mutirao: Callable[..., Any], riacho: Path
) -> None:
    def forge(replica: Replica) -> Written:
        keyring, head = read_keys(riacho).keyring, replica.journal.held.head(replica.network, LEDGER)
        assert keyring is not None and head is not None
        body = encode_body(Suspended("NOBODYNOBODYNOBO"), NOW)
        return [
            seal(keyring.hot, network=replica.network, lane=LEDGER, epoch=0, seq=head.position.seq + 1,
                 prev=head.id, body=body, salt=bytes(16))
        ], []  # fmt: skip

    append(riacho, forge)
    ended = mutirao("verify", "book", "--home", riacho, "--json")
    assert ended.code == 1
    assert ended.shown["faults"] == ["entry 12: the book refuses it: MEMBER_UNKNOWN"]


def test_a_book_can_be_verified_and_copied_while_its_node_runs_but_not_changed(
    mutirao: Callable[..., Any], riacho: Path, tmp_path: Path
) -> None:
    with locked(riacho):
        assert mutirao("verify", "book", "--home", riacho).code == 0
        assert mutirao("backup", tmp_path / "copy", "--home", riacho).code == 0
        for words in (("rebuild",), ("steward-token",), ("restore", tmp_path / "copy"), ("serve",)):
            ended = mutirao(*words, "--home", riacho)
            assert ended.code == 1
            assert "another mutirao" in ended.err and ended.err.count("\n") == 1
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    assert mutirao("backup", tmp_path / "copy", "--home", riacho).code == 2


def test_a_restored_copy_of_this_hour_goes_on_and_an_old_one_recovers(
    mutirao: Callable[..., Any], riacho: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    mutirao("backup", copy, "--home", riacho)
    assert mutirao("restore", copy, "--home", riacho, "--json").shown["starts"] == "READY"
    trade(riacho, "caro", "duda", "100")
    keys = [path.read_bytes() for path in sorted((riacho / "keys").iterdir())]
    newest = (riacho / DATABASE).read_bytes()
    shown = mutirao("restore", copy, "--home", riacho, "--json").shown
    assert shown["starts"] == "RECOVERING"
    assert shown["because"] == "this network had signed 18 entries, and the database holds 11 of them"
    assert [path.read_bytes() for path in sorted((riacho / "keys").iterdir())] == keys
    assert (riacho / f"{DATABASE}.old2").read_bytes() == newest
    assert mutirao("verify", "book", "--home", riacho, "--json").shown["entries"] == 11


def test_a_lost_database_is_put_back(mutirao: Callable[..., Any], riacho: Path, tmp_path: Path) -> None:
    mutirao("backup", tmp_path / "copy", "--home", riacho)
    for path in riacho.glob(f"{DATABASE}*"):
        path.unlink()
    assert mutirao("verify", "book", "--home", riacho).code == 1
    assert mutirao("restore", tmp_path / "copy", "--home", riacho).code == 0
    assert mutirao("verify", "book", "--home", riacho).code == 0


def test_on_a_new_machine_it_is_told_which_files_go_where(
    mutirao: Callable[..., Any], riacho: Path, tmp_path: Path
) -> None:
    mutirao("backup", tmp_path / "copy", "--home", riacho)
    new = tmp_path / "new"
    ended = mutirao("restore", tmp_path / "copy", "--home", new)
    assert ended.code == 1 and not new.exists()
    for word in ("hot.key, preimage.key and", "transport.key", "`erased`", "would make another network"):
        assert word in ended.err
    new.mkdir()
    shutil.copytree(riacho / "keys", new / "keys")
    shown = mutirao("restore", tmp_path / "copy", "--home", new, "--json").shown
    assert shown["starts"] == "RECOVERING" and "`mutirao serve --reopen`" in shown["then"]
    assert mutirao("verify", "book", "--home", new).code == 0


def test_only_a_sound_backup_of_the_same_network_is_restored(
    mutirao: Callable[..., Any], riacho: Path, tmp_path: Path
) -> None:
    serra = tmp_path / "serra"
    mutirao("init", "--home", serra, "--handle", "serra", "--currency", "FLOR")
    mutirao("backup", tmp_path / "foreign", "--home", serra)
    mutirao("backup", tmp_path / "damaged", "--home", riacho)
    data = bytearray((tmp_path / "damaged").read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    (tmp_path / "damaged").write_bytes(data)
    (tmp_path / "text").write_text("not a database, but long enough to be looked at" * 20)
    before = (riacho / DATABASE).read_bytes()
    for name, told in (
        ("foreign", "is of another network"),
        ("damaged", "damaged"),
        ("text", "is no database"),
        ("nowhere", "is not there"),
    ):
        ended = mutirao("restore", tmp_path / name, "--home", riacho)
        assert (ended.code, told in ended.err) == (1, True), ended.err
    assert (riacho / DATABASE).read_bytes() == before
    assert mutirao("verify", "book", "--home", riacho).code == 0


@pytest.mark.parametrize("words", [("verify", "book"), ("rebuild",), ("steward-token",), ("rotate", "--cold", "x")])
def test_where_no_home_is_it_says_so_in_one_line(
    mutirao: Callable[..., Any], tmp_path: Path, words: Sequence[str]
) -> None:
    ended = mutirao(*words, "--home", tmp_path / "nowhere")
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert "HOME_UNUSABLE" in ended.err


def test_a_steward_who_has_lost_every_token_makes_another_at_the_stopped_home(
    mutirao: Callable[..., Any], riacho: Path
) -> None:
    shown = mutirao("steward-token", "--home", riacho, "--json").shown
    kept = asyncio.run(tokens_in(riacho))
    assert [(one.role, one.label) for one in kept] == [
        ("steward", "made by mutirao init"),
        ("steward", "made by mutirao steward-token"),
    ]
    assert kept[1].hash == token_hash(shown["steward_token"]) and shown["steward_token"].endswith(kept[1].last4)


async def tokens_in(home: Path) -> Sequence[Token]:
    storage = await Storage.open(home / DATABASE)
    try:
        return (await storage.tokens(0, 9)).items
    finally:
        await storage.close()


def test_settings_that_cannot_be_are_wrong_usage(mutirao: Callable[..., Any], riacho: Path) -> None:
    ended = mutirao("serve", "--home", riacho, "--http", "0.0.0.0:80")
    assert ended.code == 2
    assert "which others can reach" in ended.err


def test_a_key_can_be_rotated_with_the_cold_ones(mutirao: Callable[..., Any], riacho: Path) -> None:
    shown = mutirao("rotate", "--home", riacho, "--cold", riacho / "keys/cold.key", "--json").shown
    assert (shown["epoch"], shown["given_up"]) == (1, 0)
    assert mutirao("verify", "book", "--home", riacho).code == 0
    assert mutirao("rotate", "--home", riacho, "--cold", riacho / "keys/hot.key").code == 1


def test_after_a_theft_the_home_goes_back_and_is_another_peer(mutirao: Callable[..., Any], riacho: Path) -> None:
    words = ("rotate", "--home", riacho, "--cold", riacho / "keys/cold.key")
    transport = (riacho / "keys/transport.key").read_text()
    assert mutirao(*words, "--before", "2020-01-01").code == 2, "--before is for thefts"
    ended = mutirao(*words, "--stolen", "--before", "2020-01-01")
    assert ended.code == 1 and "before the network was founded" in ended.err
    shown = mutirao(*words, "--stolen", "--before", "2999-01-01", "--json").shown
    assert (shown["epoch"], shown["given_up"]) == (1, 0)
    assert (riacho / "keys/transport.key").read_text() != transport
    assert mutirao("verify", "book", "--home", riacho).code == 0


def test_keepers_of_cold_keys_sign_on_machines_of_their_own(mutirao: Callable[..., Any], tmp_path: Path) -> None:
    home, claim = tmp_path / "serra", tmp_path / "claim"
    words = ("--handle", "serra", "--currency", "FLOR", "--cold-keys", "3", "--cold-needed", "2")
    ended = mutirao("init", "--home", home, *words)
    assert ended.code == 0 and "cold-3.key away from this machine" in ended.out and "--cold-keys" not in ended.out
    to_sign = ("rotate", "--home", home, "--stolen", "--to-sign", claim)
    shown = mutirao(*to_sign, "--json").shown
    assert shown["epoch"] == 1
    assert mutirao(*to_sign).code == 2, "nothing is written over what is there"
    assert mutirao(*to_sign, "--cold", home / "keys/cold-1.key").code == 2
    brought: list[object] = []
    for number in (1, 3):
        target = tmp_path / f"signed-{number}"
        sign = ("sign", claim, target, "--cold", home / f"keys/cold-{number}.key")
        assert mutirao(*sign, "--json").shown == {**shown, "file": str(target)}
        assert mutirao(*sign).code == 2
        brought += ["--signature", target]
    assert mutirao("rotate", "--home", home, "--stolen", *brought[:2]).code == 1
    done = mutirao("rotate", "--home", home, "--stolen", *brought, "--json").shown
    assert {name: done[name] for name in ("epoch", "key", "peer_id")} == {
        name: shown[name] for name in ("epoch", "key", "peer_id")
    }
    assert mutirao("verify", "book", "--home", home).code == 0


def test_a_cold_key_that_was_lost_is_replaced_with_the_others(mutirao: Callable[..., Any], tmp_path: Path) -> None:
    home = tmp_path / "serra"
    mutirao("init", "--home", home, "--handle", "serra", "--currency", "FLOR", "--cold-keys", "3")
    lost = (home / "keys/cold-2.key").read_text()
    words = ["rotate", "--home", home, "--cold", home / "keys/cold-1.key", "--cold", home / "keys/cold-3.key"]
    assert mutirao(*words, "--cold-needed", "2").code == 2
    assert mutirao(*words, "--new-cold-keys", "2", "--cold-needed", "3").code == 1
    assert mutirao(*words, "--new-cold-keys", "3", "--json").shown["epoch"] == 1
    assert (home / "keys/cold-2.key").read_text() != lost
    assert mutirao(*words, "--json").shown["epoch"] == 2, "the new ones sign now"
    assert mutirao("verify", "book", "--home", home).code == 0
