# SPDX-License-Identifier: AGPL-3.0-or-later
"""Over HTTP: what is out of a guaranteed currency, checked by each holder; and rates that a group has voted."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from node.http.schema import form
from node.http.values import bytes_text
from protocol.book.signed import parse_uuid
from protocol.book.wishes import sign_wish
from protocol.practices.credit.liabilities import verify_liability
from protocol.practices.credit.reserves.entries import AttestMove
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.wire.keys import KeyPair
from tests.node.http.test_http_riacho import Riacho, found_riacho, hours, serving

pytestmark = pytest.mark.timeout(60)

DAY_MS = 24 * 60 * 60 * 1_000
KEYS = {handle: KeyPair.from_seed(handle.encode().ljust(32)) for handle in ("ana", "bia")}


def worth(minor: int, code: str = "PALMAS") -> dict[str, Any]:
    return {"value": str(minor), "asset_code": code, "asset_scale": 2}


class Conjunto:
    """A node that is served at an hour of its own; members sign what only keys say."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.ahead, self.signed = directory, [0], 0

    async def found(self) -> None:
        self.founded = await found_riacho(self.directory)

    def serve(self) -> Any:
        return serving(self.directory, self.founded, self.ahead)

    def sign(self, one: Riacho, handle: str, operation: str, wish: object) -> dict[str, Any]:
        self.signed += 1
        signed = sign_wish(
            KEYS[handle], operation, wish, network=one.network, order_seq=self.signed, not_after_ms=2**46,
        )  # fmt: skip
        return {"signed": {"data": bytes_text(signed.data), "signature": bytes_text(signed.signature)}}

    async def carry(self, one: Riacho, motion: Any) -> None:
        """Let all vote for it, a week pass, and the group do it."""
        assert motion["state"] == "open", motion
        path, name = f"/v1/motions/{motion['id']}", parse_uuid(motion["id"]) or b""
        for handle in KEYS:
            vote = self.sign(one, handle, "motions.vote", Vote(name, Ballot.YES))
            await one.ask("POST", f"{path}/vote", vote, as_=handle)
        for handle in ("caio", "dora"):
            await one.ask("POST", f"{path}/vote", {"ballot": "yes"}, as_=handle)
        self.ahead[0] += 8 * DAY_MS
        for handle, keys in KEYS.items():
            await one.sign_in(handle, keys)
        for _ in range(400):
            shown = await one.ask("GET", path)
            if shown["state"] not in ("open", "carried"):
                break
            await asyncio.sleep(0.05)
        assert shown["state"] == "executed", shown


async def joined(conjunto: Conjunto, one: Riacho) -> None:
    for handle in ("ana", "bia", "caio", "dora"):
        await one.join(handle, handle.title(), KEYS.get(handle))


async def backed(conjunto: Conjunto, one: Riacho) -> None:
    """Let PALMAS be backed by 1,000.00 of state money, to which both custodians attest."""
    palmas = {"code": "PALMAS", "name": "Palmas", "credit_limit": worth(0)}
    await one.ask("POST", "/v1/currencies", palmas)
    for handle in ("ana", "bia", "caio", "dora"):
        await one.ask("POST", f"/v1/members/{handle}/approve", {"currency": "PALMAS"})
    opened = {"currency": "PALMAS", "state": "BRL", "custodians": ["ana", "bia"], "needed": 2}
    await conjunto.carry(one, await one.ask("POST", "/v1/reserves", opened))
    told = {"reserve": "PALMAS", "amount": worth(1_000_00, "BRL")}
    move = (await one.ask("POST", "/v1/reserve-moves", told))["id"]
    for handle in KEYS:
        attested = conjunto.sign(one, handle, "reserve-moves.attest", AttestMove(parse_uuid(move) or b""))
        await one.ask("POST", f"/v1/reserve-moves/{move}/attest", attested, as_=handle)


async def test_each_holder_checks_its_balance_and_after_a_restart_still(tmp_path: Path) -> None:
    conjunto = Conjunto(tmp_path / "conjunto")
    await conjunto.found()
    async with conjunto.serve() as one:
        await joined(conjunto, one)
        refused = await one.ask("POST", "/v1/liabilities", {"reserve": "HORA"})
        assert (refused["status"], refused["code"]) == (404, "NOT_FOUND")
        assert (await one.ask("POST", "/v1/liabilities", {"reserve": "NADA"}))["code"] == "CURRENCY_UNKNOWN"
        await backed(conjunto, one)
        for handle, minor in (("caio", 12_00), ("dora", 100_00), ("bia", 7_50)):
            issue = {"member": handle, "amount": worth(minor)}
            await one.ask("POST", "/v1/reserves/PALMAS/issue", issue)
        assert (await one.ask("GET", "/v1/liabilities/PALMAS", as_="dora"))["code"] == "NOT_FOUND"
        assert (await one.ask("GET", "/v1/liability-proofs/dora", as_="dora"))["code"] == "NOT_FOUND"
        wish = {"reserve": "PALMAS"}
        assert (await one.ask("POST", "/v1/liabilities", wish, as_="dora"))["code"] == "FORBIDDEN"
        shown = await one.ask("POST", "/v1/liabilities", wish, key="august")
        assert await one.ask("POST", "/v1/liabilities", wish, key="august") == shown
        assert (shown["total"], shown["holders"]) == (worth(119_50), 3)
        tokens = one.tokens
    async with conjunto.serve() as one:
        one.tokens = tokens
        await one.sign_in("bia", KEYS["bia"])
        assert await one.ask("GET", "/v1/liabilities/PALMAS", as_="caio") == shown
        for handle, minor in (("caio", 12_00), ("dora", 100_00), ("bia", 7_50)):
            told = await one.ask("GET", f"/v1/liability-proofs/{handle}", as_=handle)
            assert (told["balance"], told["total"], told["root"]) == (worth(minor), worth(119_50), shown["root"])
            proven = verify_liability(form(bytes).read(told["document"]), one.network)
            assert proven is not None
            assert (proven.account, proven.balance, proven.said.total) == (told["id"], minor, 119_50)
        assert (await one.ask("GET", "/v1/liability-proofs/dora", as_="caio"))["code"] == "FORBIDDEN"
        assert (await one.ask("GET", "/v1/liability-proofs/zoe", as_="caio"))["code"] == "MEMBER_UNKNOWN"
        assert (await one.ask("GET", "/v1/liability-proofs/ana"))["code"] == "NOT_FOUND", "who holds none has none"
        # What moves afterwards changes no total that was published; the next one has it, with other salts.
        await one.ask("POST", "/v1/payments", {"payee": "caio", "amount": worth(50_00)}, as_="dora")
        assert (await one.ask("GET", "/v1/liability-proofs/dora", as_="dora"))["balance"] == worth(100_00)
        again = await one.ask("POST", "/v1/liabilities", {"reserve": "PALMAS"})
        assert again["total"] == worth(119_50) and again["root"] != shown["root"]
        assert (await one.ask("GET", "/v1/liability-proofs/dora", as_="dora"))["balance"] == worth(50_00)


async def test_a_rate_is_voted_dated_and_sourced_and_converts_nothing(tmp_path: Path) -> None:
    conjunto = Conjunto(tmp_path / "conjunto")
    await conjunto.found()
    rate = {"currency": "HORA", "against": "BRL", "num": 60, "den": 2, "source": "wages of May"}
    async with conjunto.serve() as one:
        await joined(conjunto, one)
        for changed, code in (
            ({"source": " "}, "MALFORMED"),
            ({"source": "x" * 501}, "MALFORMED"),
            ({"against": "HORA"}, "MALFORMED"),
            ({"against": "brl"}, "MALFORMED"),
            ({"num": 0}, "MALFORMED"),
            ({"currency": "NADA"}, "CURRENCY_UNKNOWN"),
        ):
            assert (await one.ask("POST", "/v1/rates", rate | changed))["code"] == code, changed
        assert (await one.ask("GET", "/v1/rates/none"))["code"] == "NOT_FOUND"
        motion = await one.ask("POST", "/v1/rates", rate, as_="caio", key="may")
        assert await one.ask("POST", "/v1/rates", rate, as_="caio", key="may") == motion, "one wish is one motion"
        assert (await one.ask("GET", "/v1/rates"))["items"] == [], "nothing holds before the vote"
        await conjunto.carry(one, motion)
        [shown] = (await one.ask("GET", "/v1/rates?currency=HORA", as_="dora"))["items"]
        assert (shown["num"], shown["den"], shown["source"], shown["motion"]) == (30, 1, "wages of May", motion["id"])
        assert shown["holds"] and shown["since"] == shown["voted_at"]
        await conjunto.carry(one, await one.ask("POST", "/v1/rates", rate | {"num": 64, "source": "wages of June"}))
        tokens = one.tokens
    async with conjunto.serve() as one:
        one.tokens = tokens
        found = (await one.ask("GET", "/v1/rates", as_="dora"))["items"]
        assert [(row["num"], row["source"], row["holds"]) for row in found] == [
            (30, "wages of May", False), (32, "wages of June", True),
        ]  # fmt: skip
        assert await one.ask("GET", f"/v1/rates/{shown['id']}", as_="caio") == {**shown, "holds": False}
        assert (await one.ask("GET", "/v1/rates?currency=ECO"))["items"] == []
        wish = {"payee": "caio", "amount": worth(1_00, "BRL")}
        assert (await one.ask("POST", "/v1/payments", wish, as_="dora"))["code"] == "CURRENCY_MISMATCH"
        paid = await one.ask("POST", "/v1/payments", {"payee": "caio", "amount": hours("1.00")}, as_="dora")
        assert paid["debit"] == hours("1.00")
