# SPDX-License-Identifier: AGPL-3.0-or-later
"""Typed at a real node, over a restart: paper codes, number and PIN, a published total, a voted rate."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, opened, until
from tests.cli.test_cli_reserves import Bank, bank

__all__ = ["bank"]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def tepito(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def test_a_shop_is_paid_by_a_paper_code_and_by_number_and_pin(mutirao: Callable[..., Any], tepito: Home) -> None:
    def ask(*words: object) -> Any:
        asked = mutirao(*words, *tepito.steward)
        assert asked.code == 0, asked.err
        return asked.shown

    def refused(*words: object) -> str:
        asked = mutirao(*words, *tepito.steward)
        assert asked.code == 1, asked.out
        return asked.err

    def take(amount: str, *typed: str) -> tuple[str, ...]:
        return ("typed-payments", "create", "--payee", "bia", "--amount", amount, *typed)

    for handle in ("ana", "bia", "dora"):
        code = ask("invitations", "create")["code"]
        assert mutirao("join", code, "--handle", handle, "--node", tepito.url, "--json").code == 0
        ask("members", "approve", handle)
    paper = ask("paper-codes", "create", "--account", "ana", "--cap", "10.00", "--count", "2")
    first, second = paper["codes"]
    assert "CODE_CAP: At most 10.00 HORA by one code" in refused(*take("10.01", "--code", first))
    assert ask(*take("8.00", "--code", first))["payer"] == "ana"
    assert (ask("pins", "create", "--member", "dora", "--pin", "4711")["number"]) == 1001
    dora = ("--number", "1001", "--pin", "4711")
    assert ask(*take("30.00", *dora))["auth"] == "custodial"
    assert "PIN_WRONG: Wrong PIN: 2 tries left" in refused(*take("1.00", "--number", "1001", "--pin", "0000"))
    assert "MALFORMED" in refused(*take("1.00", "--number", "1001"))

    tepito.stop()
    tepito.serve()
    assert "CODE_USED: It has paid already" in refused(*take("1.00", "--code", first))
    assert "CODE_UNKNOWN: This code pays nothing" in refused(*take("1.00", "--code", "AAAA-BBBB"))
    assert ask("pins", "show", "dora")["tries_left"] == 2, "a restart gives no new tries"
    assert "PIN_CAP: 50.01 HORA > 50.00 HORA a day" in refused(*take("20.01", *dora))
    assert "1 tries left" in refused(*take("1.00", "--number", "1001", "--pin", "1111"))
    assert "PIN_LOCKED: This number is locked" in refused(*take("1.00", "--number", "1001", "--pin", "2222"))
    assert "PIN_LOCKED" in refused(*take("1.00", *dora))
    assert ask("pins", "create", "--member", "dora", "--pin", "8080")["tries_left"] == 3
    assert ask(*take("1.00", "--number", "1001", "--pin", "8080"))["payer"] == "dora"
    assert ask("paper-codes", "withdraw", paper["id"])["withdrawn"]
    assert "CODE_EXPIRED: This paper counts no more" in refused(*take("1.00", "--code", second))
    assert "STATE_CONFLICT" in refused("paper-codes", "withdraw", paper["id"])
    [listed] = ask("paper-codes", "list")["items"]
    assert (listed["left"], listed["codes"]) == (1, None)
    accounts = {one["name"]: one["balance"]["value"] for one in ask("accounts", "list")["items"]}
    assert [accounts[one] for one in ("ana", "bia", "dora")] == ["-800", "3900", "-3100"]
    assert sum(map(int, accounts.values())) == 0


@pytest.mark.soak
def test_each_holder_verifies_a_published_total_offline_and_a_rate_is_voted(
    mutirao: Callable[..., Any], bank: Bank, tmp_path: Path
) -> None:
    def ask(*words: object, by: str = "") -> Any:
        asked = mutirao(*words, "--node", bank.url, *(("--key", by) if by else ("--token", bank.token)), "--json")
        assert asked.code == 0, asked.err
        return asked.shown

    def refused(*words: object) -> str:
        asked = mutirao(*words, "--node", bank.url, "--token", bank.token, "--json")
        assert asked.code == 1, asked.out
        return asked.shown["code"]

    for handle in ("ana", "dora", "elio"):
        assert mutirao("keys", "new", "--out", f"{handle}.key").code == 0
        words = ("join", ask("invitations", "create")["code"], "--handle", handle, "--key", f"{handle}.key")
        assert mutirao(*words, "--node", bank.url, "--json").code == 0
        ask("members", "approve", handle)
    rate = ("rates", "create", "--currency", "PALMAS", "--num", 1, "--den", 1, "--source", "the reserve")
    assert refused(*rate, "--against", "PALMAS") == "MALFORMED"
    assert refused("liabilities", "publish", "--reserve", "PALMAS") == "NOT_FOUND", "nothing backs it yet"
    terms = ("--currency", "PALMAS", "--state", "BRL", "--needed", 1, "--custodians", "ana")
    for motion in (ask("reserves", "open", *terms)["id"], ask(*rate, "--against", "BRL")["id"]):
        for handle in ("ana", "dora", "elio"):
            ask("motions", "vote", motion, "--ballot", "yes", by=f"{handle}.key")
    assert ask("rates", "list")["items"] == []
    bank.stop()
    bank.serve()
    mutirao("clocks", "accept", "--node", bank.url, "--token", bank.token)
    until(lambda: ask("reserves", "list")["items"] and ask("rates", "list")["items"], "both motions to be done")
    [shown] = ask("rates", "list", "--currency", "PALMAS")["items"]
    assert (shown["against"], shown["num"], shown["source"], shown["holds"]) == ("BRL", 1, "the reserve", True)

    move = ask("reserve-moves", "create", "--reserve", "PALMAS", "--amount", "200.00")["id"]
    assert ask("reserve-moves", "attest", move, by="ana.key")["state"] == "counted"
    for handle, amount in (("dora", "100.00"), ("elio", "75.25")):
        ask("reserves", "issue", "PALMAS", "--member", handle, "--amount", amount)
    assert refused("liability-proofs", "show", "dora") == "NOT_FOUND"
    published = ask("liabilities", "publish", "--reserve", "PALMAS")
    assert (published["total"]["value"], published["holders"]) == ("17525", 2)
    bank.stop()
    bank.serve()
    assert ask("liabilities", "show", "PALMAS") == published and ask("rates", "show", shown["id"]) == shown
    asked = mutirao("liability-proofs", "show", "dora", "--node", bank.url, "--key", "elio.key", "--json")
    assert asked.code == 1 and asked.shown["code"] == "FORBIDDEN", "a proof is its member's alone"
    proof = tmp_path / "dora.proof"
    told = mutirao("liability-proofs", "show", "dora", "--node", bank.url, "--key", "dora.key", "--json")
    proof.write_text(told.out)
    bank.stop()

    # Nobody has a node now.
    network = told.shown["network"]
    verified = mutirao("verify", "liability", proof, "--network", network, "--json")
    assert verified.code == 0, verified.err
    assert (verified.shown["balance_minor"], verified.shown["total_minor"]) == (100_00, 175_25), verified.out
    other = mutirao("verify", "liability", proof, "--network", "A" * 52, "--json")
    assert other.code != 0
    proof.write_text(told.out.replace(told.shown["document"][-8:], told.shown["document"][-8:][::-1]))
    assert mutirao("verify", "liability", proof, "--json").code != 0, "one changed place proves nothing"
    bank.serve()
