# SPDX-License-Identifier: AGPL-3.0-or-later
"""The day of members and stewards, typed at two real nodes, Riacho and Serra, that a credit line joins."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from cli import keys
from cli.client import Client
from cli.ending import WishRefused
from cli.keys import bytes_of
from cli.made.wishes import json_of
from cli.session import CommandSession, moment_ms
from cli.settings import CommandSettings
from node.keeping.source import program_source
from protocol.book.money import Amount
from protocol.book.signed import ORDER_SEQ_AHEAD_MAX
from protocol.book.uuids import drawn_id
from protocol.book.wishes import sign_wish
from protocol.practices.money.payments.entries import Pay
from protocol.wire.keys import parse_id

pytestmark = pytest.mark.timeout(120)

PATIENCE_SECONDS = 20.0
STOP_SECONDS = 5.0
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Node:
    """A node that serves, and what its steward holds."""

    home: Path
    url: str
    address: str
    token: str

    @property
    def steward(self) -> tuple[str, ...]:
        """What a steward's command begins with."""
        return ("--node", self.url, "--token", self.token)

    @property
    def door(self) -> tuple[str, ...]:
        """What anybody's command begins with."""
        return ("--node", self.url)


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "cli", *map(str, words)]


def until(look: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(LOOK_SECONDS)
    raise AssertionError(f"waited in vain for {what}")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Node]]:
    """Riacho with HORA, and Serra with FLOR, which connects to it."""
    folder = tmp_path_factory.mktemp("nodes")
    running: list[subprocess.Popen[str]] = []
    found: list[Node] = []
    try:
        for handle, currency in (("riacho", "HORA"), ("serra", "FLOR")):
            home = folder / handle
            words = ("--handle", handle, "--currency", currency, "--default-limit", "200.00", "--json")
            told = subprocess.check_output(command("init", "--home", home, *words), text=True)
            peers = ("--peer", found[0].address) if found else ()
            places = ("--http", "127.0.0.1:0", "--p2p", "/ip4/127.0.0.1/tcp/0", *peers)
            with (folder / f"{handle}.log").open("w") as log:
                process = subprocess.Popen(
                    command("serve", "--home", home, *places, "--json"), stdout=subprocess.PIPE, stderr=log, text=True
                )
            running.append(process)
            assert process.stdout is not None
            serving = json.loads(process.stdout.readline())
            found.append(Node(home, serving["url"], serving["addresses"][0], json.loads(told)["steward_token"]))
        yield found[0], found[1]
        for process in running:
            process.terminate()
            assert process.wait(STOP_SECONDS) == 0
    finally:
        for process in running:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def riacho(nodes: tuple[Node, Node]) -> Node:
    return nodes[0]


@pytest.fixture
def serra(nodes: tuple[Node, Node]) -> Node:
    return nodes[1]


Run = Callable[..., Any]


@pytest.fixture
def member(mutirao: Run, tmp_path: Path) -> Callable[[Node, str], tuple[str, ...]]:
    """Let somebody join with a key of its own; returns what its commands begin with."""

    def join(node: Node, handle: str) -> tuple[str, ...]:
        key = tmp_path / f"{handle}.key"
        mutirao("keys", "new", "--out", key)
        code = mutirao(*node.steward, "invitations", "create", "--json").shown["code"]
        shown = mutirao(*node.door, "join", code.lower(), "--handle", handle, "--key", key, "--json").shown
        assert (shown["state"], shown["auth"]) == ("pending", "self")
        assert mutirao(*node.steward, "members", "approve", handle, "--json").shown["state"] == "active"
        return (*node.door, "--key", str(key))

    return join


def balance(mutirao: Run, who: tuple[str, ...]) -> str:
    return mutirao(*who, "balance", "--json").shown["items"][0]["balance"]["value"]


def test_a_member_s_day(mutirao: Run, member: Any, riacho: Node, tmp_path: Path) -> None:
    ana, bia = member(riacho, "ana"), member(riacho, "bia")
    paid = mutirao(*ana, "pay", "bia", "12.50", "=bread", "--json").shown
    assert (paid["state"], paid["auth"], paid["note"]) == ("posted", "self", "=bread")
    assert (balance(mutirao, ana), balance(mutirao, bia)) == ("-1250", "1250")

    ended = mutirao(*ana, "pay", "bia", "187.51")
    assert ended.code == 1
    assert ended.err.splitlines() == [
        "mutirao: LIMIT_EXCEEDED: 0.01 HORA missing",
        "  187.50 HORA left: the account's limit is -200.00 HORA.",
        "  - pay 187.50 HORA now",
        "  - ask a steward for a higher limit",
        "  - sell something first",
    ]
    ended = mutirao(*ana, "pay", "bia", "1.005")
    assert ended.code == 1 and "SCALE_EXCEEDED" in ended.err

    asked = mutirao(*bia, "request", "2.50", "eggs", "--payer", "ana", "--json").shown
    assert mutirao(*ana, "request", "pay", asked["id"], "--json").shown["state"] == "paid"
    held = mutirao(*ana, "pay", "bia", "5.000", "--max-debit", "5.0000", "--pending", "--json").shown
    assert mutirao(*bia, "payments", "void", held["id"], "--json").shown["state"] == "voided"
    back = mutirao(*bia, "payments", "reverse", paid["id"], "--json").shown
    assert (back["state"], balance(mutirao, ana)) == ("reversed", "-250")

    told = mutirao(*ana, "statement", "--format", "csv").out
    lines = list(csv.DictReader(io.StringIO(told)))
    assert [(line["kind"], line["amount"], line["balance"]) for line in lines] == [
        ("payment", "-12.50", "-12.50"),
        ("payment", "-2.50", "-15.00"),
        ("hold", "-5.00", "-20.00"),
        ("void", "5.00", "-15.00"),
        ("reversal", "12.50", "-2.50"),
    ]
    assert lines[0]["note"] == "'=bread"  # a spreadsheet must not compute it
    assert "-12.50 HORA  -12.50 HORA  =bread" in mutirao(*ana, "statement").out
    assert mutirao(*ana, "statement", "--format", "json").shown["next"] is None
    assert [line["note"] for line in lines][:2] == ["'=bread", "eggs"]  # the request says what it was for
    states = [line["state"] for line in mutirao(*ana, "statement", "--json").shown["items"]]
    assert states == ["reversed", "posted", "voided", "voided", "reversed"]
    today = mutirao(*ana, "statement", "--newest-first", "--json").shown
    month = today["items"][0]["at"][:7]
    assert [line["kind"] for line in today["items"]] == ["reversal", "void", "hold", "payment", "payment"]
    assert mutirao(*ana, "statement", "--month", month, "--json").shown["closing_balance"]["value"] == "-250"
    nothing = mutirao(*ana, "statement", "--to", "2020-01-31", "--json").shown
    assert (nothing["items"], nothing["opening_balance"]["value"], nothing["closing_balance"]["value"]) == (
        [],
        "0",
        "0",
    )
    later = mutirao(*ana, "statement", "--month", "2099-01").out
    assert "before  -2.50 HORA" in later and "after  -2.50 HORA" in later
    wrong = mutirao(*ana, "statement", "--month", "13")
    assert wrong.code == 1 and "MALFORMED" in wrong.err
    mutirao(*riacho.steward, "statement", "--all-into", str(tmp_path / "statements"))
    written = sorted(path.name for path in (tmp_path / "statements").iterdir())
    assert {"ana.HORA.csv", "bia.HORA.csv", "commons.HORA.csv"} <= set(written)
    kept = list(csv.DictReader((tmp_path / "statements" / "ana.HORA.csv").open(encoding="utf-8")))
    assert [(one["kind"], one["balance"]) for one in (kept[0], kept[-1])] == [("before", "0.00"), ("after", "-2.50")]

    (tmp_path / "receipt").write_text(mutirao(*ana, "receipts", "show", paid["id"], "--json").out)
    proof = mutirao("verify", "receipt", "receipt", "--json").shown
    assert (proof["valid"], proof["payment"], proof["signed_by_member"]) == (True, paid["id"], True)
    wrong = mutirao("verify", "receipt", "receipt", "--network", "a" * 52)
    assert (wrong.code, "NETWORK_MISMATCH" in wrong.err) == (1, True)

    # Her balance and her payment, proven by a checkpoint that the steward lets the network sign.
    assert "NOT_FOUND" in mutirao(*ana, "balance-proofs", "show", "ana").err
    checkpoint = mutirao(*riacho.steward, "checkpoints", "make", "--json").shown
    assert balance(mutirao, ana) == "-250"
    for noun, what in (("balance-proofs", "ana"), ("payment-proofs", paid["id"])):
        (tmp_path / "proof").write_text(mutirao(*ana, noun, "show", what, "--json").out)
        proof = mutirao("verify", "proof", "proof", "--json").shown
        assert (proof["valid"], proof["checkpoint"]) == (True, int(checkpoint["id"]))
        assert proof.get("balance", "-2.50 HORA") == "-2.50 HORA"
        wrong = mutirao("verify", "proof", "proof", "--network", "a" * 52)
        assert (wrong.code, "NETWORK_MISMATCH" in wrong.err) == (1, True)


def test_keepers_sign_a_checkpoint_and_anybody_sees_that_the_books_have_only_grown(
    mutirao: Run, member: Any, riacho: Node, tmp_path: Path
) -> None:
    olga, otto = member(riacho, "olga"), member(riacho, "otto")
    mutirao(*olga, "pay", "otto", "1.00")
    old = mutirao(*riacho.steward, "checkpoints", "make", "--json").shown
    assert (old["cold_signatures"], old["cold_keys"], old["cold_needed"]) == (0, 1, 1)
    (tmp_path / "claim").write_text(mutirao(*otto, "checkpoints", "show", old["id"], "--json").out)
    keys = riacho.home / "keys"
    told = mutirao("sign", "claim", "signed", "--cold", keys / "cold.key", "--json").shown
    assert (told["checkpoint"], told["network_id"]) == (int(old["id"]), old["network"])
    wrong = mutirao("sign", "claim", "by-hot", "--cold", keys / "hot.key")
    assert wrong.code == 0
    words = ("checkpoints", "sign", old["id"])
    assert "TOO_FEW_SIGNATURES" in mutirao(*riacho.steward, *words).err
    assert "SIGNATURE_INVALID" in mutirao(*riacho.steward, *words, "--signature", "by-hot").err
    assert mutirao(*riacho.steward, *words, "--signature", "claim").code == 2
    assert "FORBIDDEN" in mutirao(*otto, *words, "--signature", "signed").err
    signed = mutirao(*riacho.steward, *words, "--signature", "signed", "--json").shown
    assert signed["cold_signatures"] == 1
    assert "DUPLICATE" in mutirao(*riacho.steward, *words, "--signature", "signed").err

    mutirao(*otto, "pay", "olga", "1.00")
    new = mutirao(*riacho.steward, "checkpoints", "make", "--json").shown
    name = f"{old['id']}-{new['id']}"
    (tmp_path / "grown").write_text(mutirao(*otto, "consistency-proofs", "show", name, "--json").out)
    proof = mutirao("verify", "consistency", "grown", "--network", old["network"], "--json").shown
    assert (proof["valid"], f"{proof['old']}-{proof['new']}") == (True, name)
    roots = [bytes_of(one["entries_root"]).hex() for one in (old, new)]
    assert [proof["old_root"], proof["new_root"]] == roots
    wrong = mutirao("verify", "consistency", "grown", "--network", "a" * 52)
    assert (wrong.code, "NETWORK_MISMATCH" in wrong.err) == (1, True)


def test_a_member_s_keys(mutirao: Run, member: Any, riacho: Node, tmp_path: Path) -> None:
    caro, duda = member(riacho, "caro"), member(riacho, "duda")
    phone = tmp_path / "phone.key"
    lost = mutirao("keys", "new", "--out", phone, "--json").shown["public_key"]
    keys = mutirao(*caro, "members", "add-key", "caro", "--new", phone, "--cap", "3.00", "--json").shown["keys"]
    assert [key["cap_minor"] for key in keys] == [None, 300]
    by_phone = (*riacho.door, "--key", phone)
    assert mutirao(*by_phone, "pay", "duda", "2.00").code == 0
    assert "KEY_CAP_EXCEEDED" in mutirao(*by_phone, "pay", "duda", "2.00").err
    assert len(mutirao(*caro, "members", "revoke-key", "caro", "--lost", lost, "--json").shown["keys"]) == 1
    assert "KEY_UNKNOWN" in mutirao(*by_phone, "balance").err

    fresh = tmp_path / "fresh.key"
    mutirao("keys", "new", "--out", fresh)
    assert mutirao(*caro, "members", "rebind-key", "caro", "--new", fresh).code == 0
    assert mutirao(*caro, "balance").code == 1
    caro = (*riacho.door, "--key", fresh)

    mandates = mutirao(
        *caro, "members", "mandate", "caro", "--helper", "duda", "--cap", "5.00", "--not-after", "2090-01-01", "--json"
    ).shown["mandates"]
    words = ("pay", "duda", "4.00", "--from", mandates[0]["account"], "--mandate", mandates[0]["id"])
    assert mutirao(*duda, *words, "--json").shown["auth"] == "mandate"
    assert "MANDATE_EXCEEDED" in mutirao(*duda, *words).err

    words = ("scheduled-payments", "create", "--payee", "duda@riacho", "--amount", "1.00", "--note", "rent")
    times = ("--first-at", "2090-01-31", "--rhythm", "monthly", "--times", "3", "--idempotency-key", "rent")
    made = mutirao(*caro, *words, *times, "--json").shown
    assert (made["auth"], made["times"], made["note"]) == ("self", 3, "rent")
    assert mutirao(*caro, *words, *times, "--json").shown == made
    abroad = ("scheduled-payments", "create", "--payee", "duda@serra", "--amount", "1.00", "--first-at", "2090-01-31")
    assert "SCHEDULE_LOCAL_ONLY" in mutirao(*caro, *abroad).err
    account = f"mutirao:{mutirao(*riacho.door, 'node', 'show', '--json').shown['network_id']}/{made['payee_account']}"
    by_account = mutirao(*caro, *(account if word == "duda@serra" else word for word in abroad), "--json").shown
    assert (by_account["auth"], by_account["payee_account"]) == ("self", made["payee_account"])
    assert mutirao(*caro, "scheduled-payments", "cancel", made["id"], "--json").shown["state"] == "cancelled"


def test_a_browser_is_let_in_by_a_link_that_a_command_makes(mutirao: Run, riacho: Node) -> None:
    steward = "--node", riacho.url, "--token", riacho.token
    made = mutirao("browser", "--role", "steward", *steward, "--json").shown
    with urlopen(made["link"], timeout=10) as page:  # noqa: S310  # our own node
        assert made["code"].replace(" ", "") in page.read().decode()
    told = mutirao("browser", "--role", "steward", *steward, "--qr")
    assert f"{riacho.url}/s/" in told.out and len(told.out.splitlines()) > 15, "a QR code stands below the link"
    nobody = mutirao("browser", "--member", "nobody", *steward)
    assert nobody.code == 1 and "nobody" in nobody.err


def test_sessions_and_tokens(mutirao: Run, member: Any, riacho: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    eva = member(riacho, "eva")
    assert mutirao(*eva, "login", "--save", "eva.token").code == 0
    monkeypatch.setenv("MUTIRAO_NODE", riacho.url)
    monkeypatch.setenv("MUTIRAO_TOKEN_FILE", "eva.token")
    assert balance(mutirao, ()) == "0"
    made = mutirao("tokens", "create", "--label", "till", "--scopes", "accounts:read", "--json").shown
    assert mutirao("--token", made["token"], "balance").code == 0
    ended = mutirao("--token", made["token"], "pay", "ana", "1")
    assert (ended.code, "SCOPE_MISSING" in ended.err) == (1, True)
    assert [one["label"] for one in mutirao("tokens", "list", "--json").shown["items"]] == ["till"]
    assert mutirao("tokens", "revoke", made["id"], "--json").shown["revoked"] is not None
    assert "UNAUTHENTICATED" in mutirao("--token", made["token"], "balance").err
    assert mutirao("logout").out == "signed out\n"
    assert "UNAUTHENTICATED" in mutirao("balance").err


def test_two_networks_trade_over_a_credit_line(mutirao: Run, member: Any, riacho: Node, serra: Node) -> None:
    """A's buyer pays 90 A at 1.5 B per A over a line of 400 A, of which a quarter may be under way at once."""
    fabio, gil = member(riacho, "fabio"), member(serra, "gil")
    known = ("networks", "list", "--json")
    until(
        lambda: "serra" in [one["handle"] for one in mutirao(*riacho.steward, *known).shown["items"]],
        "Riacho to meet Serra",
    )
    ended = mutirao(*fabio, "pay", "gil@serra", "90 HORA")
    assert (ended.code, ended.err.split(":")[1].strip()) == (4, "NO_ROUTE")
    line = mutirao(*riacho.steward, "link", "propose", "serra", "--limit", "80", "--json").shown
    assert (line["state"], line["currency"]) == ("proposed", "HORA")
    shown = ("link", "show", line["id"], "--json")
    until(lambda: mutirao(*serra.steward, *shown).code == 0, "the offer to arrive")
    accepted = mutirao(*serra.steward, "link", "accept", line["id"], "--limit", "80.00", "--rate", "1.5", "--json")
    assert (accepted.shown["state"], accepted.shown["currency"]) == ("open", "FLOR")
    until(lambda: mutirao(*riacho.steward, *shown).shown["state"] == "open", "the answer to arrive")

    ended = mutirao(*fabio, "pay", "gil@serra", "90 HORA")
    assert (ended.code, "LINK_LIMIT_EXCEEDED" in ended.err) == (4, True)
    assert (balance(mutirao, fabio), balance(mutirao, gil)) == ("0", "0")
    assert mutirao(*serra.steward, "link", "raise", line["id"], "--limit", "400").code == 0
    until(
        lambda: mutirao(*riacho.steward, *shown).shown["limit_received"]["value"] == "40000",
        "the raised limit to arrive",
    )
    ended = mutirao(*fabio, "pay", "gil@serra", "90 HORA", "honey", "--max-debit", "90")
    assert ended.code == 0
    assert ended.out.splitlines()[:2] == ["gil@serra gets 135.00 FLOR, you pay 90.00 HORA", "posted"]
    assert (balance(mutirao, fabio), balance(mutirao, gil)) == ("-9000", "13500")
    assert "fabio@riacho" in mutirao(*gil, "statement").out

    status = mutirao(*riacho.steward, "network", "status").out
    assert "90.00 HORA" in status and "serra" in status
    whole = mutirao(*riacho.steward, "network", "status", "--json").shown
    assert (whole["node"]["handle"], len(whole["networks"]), len(whole["links"])) == ("riacho", 2, 1)
    ended = mutirao(*riacho.steward, "link", "give-back", line["id"], "--amount", "399")
    assert (ended.code, ended.err.split(":")[1].strip()) == (4, "LINK_LIMIT_EXCEEDED")


def test_a_steward_s_evening(mutirao: Run, riacho: Node, serra: Node, tmp_path: Path) -> None:
    code = mutirao(*riacho.steward, "invitations", "create", "--json").shown["code"]
    assert mutirao(*riacho.door, "join", code, "--handle", "hugo", "--json").shown["auth"] == "custodial"
    mutirao(*riacho.steward, "members", "approve", "hugo", "--credit-limit", "10.00")
    before = mutirao(*riacho.steward, "payments", "list", "--all", "--json").shown["items"]
    words = ("pay", "--from", "hugo", "hugo", "1")
    assert "SAME_ACCOUNT" in mutirao(*riacho.steward, *words).err
    assert mutirao(*riacho.steward, "members", "leave", "hugo", "--json").shown["state"] == "left"
    events = mutirao(*riacho.steward, "events", "--after", "0", "--limit", "2", "--json").out.splitlines()
    assert [json.loads(one)["id"] for one in events] == ["1", "2"]

    assert mutirao(*riacho.steward, "backup", "riacho.backup").code == 0
    for node in (riacho, serra):
        shown = mutirao("verify", "book", "--home", node.home, "--json").shown
        assert (shown["valid"], set(shown["sums"].values())) == (True, {0})
    other = mutirao("verify", "book", "--home", tmp_path)
    assert other.code == 1
    assert mutirao(*riacho.door, "openapi").shown["openapi"].startswith("3.1")
    assert mutirao(*riacho.door, "node", "show", "--json").shown["state"] == "READY"
    taken = mutirao(*riacho.door, "source", "--output", "mutirao.tar", "--json").shown
    source = program_source().packed()
    assert (taken["sha256"], taken["bytes"]) == (source.digest.hex(), Path("mutirao.tar").stat().st_size)
    assert mutirao(*riacho.door, "source", "--output", "mutirao.tar").code == 2, "nothing is written over it"
    assert len(mutirao(*riacho.steward, "payments", "list", "--all", "--json").shown["items"]) == len(before)


def test_a_key_whose_numbers_a_program_has_spoiled_gives_way_to_a_new_one(
    mutirao: Run, member: Any, riacho: Node, tmp_path: Path
) -> None:
    """A slip to microseconds changes nothing; numbers a day ahead shut no client out that goes on behind them."""
    luz = member(riacho, "luz")
    member(riacho, "teo")
    old = Path(luz[luz.index("--key") + 1])
    key, shown = keys.read(old), mutirao(*luz, "members", "show", "luz", "--json").shown
    network = mutirao(*luz, "node", "show", "--json").shown["network_id"]
    session = CommandSession(CommandSettings(riacho.url, None, old), None)
    client = Client(riacho.url, session.sign_in()["token"])

    def pay(order_seq: int) -> Any:
        wish = Pay("teo", Amount(1_00, "HORA", 2), f"{shown['id']}.HORA", payment=drawn_id(os.urandom))
        told = {"network": parse_id(network), "order_seq": order_seq, "not_after_ms": moment_ms() + 60_000}
        signed = json_of(sign_wish(key, "payments.create", wish, **told))
        return client.post("/v1/payments", {"signed": signed})

    for slip in (2**53, moment_ms() * 1_000):
        with pytest.raises(WishRefused, match="ORDER_AHEAD"):
            pay(slip)
    assert mutirao(*luz, "pay", "teo", "1.00").code == 0, "the key is as it was"
    ahead = moment_ms() + ORDER_SEQ_AHEAD_MAX - 60_000
    pay(ahead)
    assert mutirao(*luz, "pay", "teo", "1.00").code == 0, "the command goes on behind the newest number"

    new = tmp_path / "new.key"
    told = mutirao("keys", "replace", "--key", old, "--node", riacho.url, "--out", new, "--json").shown
    [only] = told["keys"]
    assert (only["key"], only["order_seq"]) == (keys.text_of(keys.read(new).public), -1)
    gone = mutirao(*luz, "pay", "teo", "1.00")
    assert gone.code == 1 and "KEY_UNKNOWN" in gone.err
    assert mutirao("pay", "--key", new, "--node", riacho.url, "teo", "1.00").code == 0
    again = mutirao("keys", "replace", "--key", old, "--node", riacho.url, "--out", tmp_path / "third.key")
    assert again.code == 1 and not (tmp_path / "third.key").exists()
