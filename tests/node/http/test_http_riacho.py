# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real node of one network behind the door: its features as clients meet them, from invitation to receipt."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from io import BytesIO
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import jsonschema
import pytest
from aiohttp import ClientSession
from openapi_spec_validator import validate
from PIL import Image

import protocol
from node import clock
from node.http.about import NodeShown
from node.http.app import Api, document_of
from node.http.components import hints_of
from node.http.routes import BODY_BYTES_MAX
from node.http.schema import form
from node.http.secret import secrets_of
from node.http.values import bytes_text
from node.keeping import home
from node.loop.runtime import Runtime
from node.store.loading import Loader
from node.store.storage import Storage
from protocol.book.declaration import Show
from protocol.book.money import Amount
from protocol.book.uuids import drawn_id
from protocol.book.wishes import sign_wish
from protocol.practices import OPERATIONS, PRACTICES
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.joinings import sign_joining
from protocol.replica import Replica
from protocol.wire.keys import KeyPair

pytestmark = pytest.mark.timeout(60)

CURRENCY = {"code": "ECO", "name": "Eco", "credit_limit": {"value": "1", "asset_scale": 0}}
BIAS_KEYS = KeyPair.from_seed(b"b" * 32)


@dataclass
class Riacho:
    """A serving node, and somebody who asks there; every answer is held against the OpenAPI document."""

    url: str
    home: Path
    steward: str
    network: bytes
    session: ClientSession
    document: dict[str, Any]
    tokens: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: Any = None, *, as_: str = "", key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.tokens.get(as_, self.steward)}"}
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        async with self.session.request(method, self.url + path, data=data, headers=headers) as response:
            answer = await response.json(content_type=None)
            self._check(method, path, response.status, response.content_type, answer)
            return {**answer, "status": response.status} if response.status >= 400 else answer

    def _check(self, method: str, path: str, status: int, content_type: str, answer: Any) -> None:
        parts = path.partition("?")[0].split("/")
        if len(parts) > 3 and "/".join(parts) not in self.document["paths"]:
            parts[3] = "{id}"
        said = self.document["paths"]["/".join(parts)][method.lower()]["responses"][str(status)]
        if "$ref" in said:
            said = self.document["components"]["responses"][said["$ref"].rpartition("/")[2]]
            assert answer["code"] in self.document["paths"]["/".join(parts)][method.lower()]["x-refusals"]
        schema = {**said["content"][content_type]["schema"], "components": self.document["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer)

    async def join(self, handle: str, name: str, keys: KeyPair | None = None) -> str:
        """Let somebody join, approve it, and return its id."""
        code = (await self.ask("POST", "/v1/invitations"))["code"]
        wish: dict[str, Any] = {"code": code, "handle": handle, "name": name}
        if keys is not None:
            signed = sign_joining(keys, self.network, handle)
            wish["joining"] = {"data": bytes_text(signed.data), "signature": bytes_text(signed.signature)}
        member = (await self.ask("POST", "/v1/members", wish))["id"]
        await self.ask("POST", f"/v1/members/{member}/approve", {})
        if keys is None:
            made = await self.ask("POST", "/v1/tokens", {"label": name, "member": handle})
            self.tokens[handle] = made["token"]
        else:
            await self.sign_in(handle, keys)
        return member

    async def sign_in(self, handle: str, keys: KeyPair) -> None:
        asked = await self.ask("POST", "/v1/challenges", {"key": bytes_text(keys.public)})
        signature = keys.sign("session", form(bytes).read(asked["challenge"]))
        wish = {"key": bytes_text(keys.public), "challenge": asked["challenge"], "signature": bytes_text(signature)}
        self.tokens[handle] = (await self.ask("POST", "/v1/sessions", wish))["token"]


def hours(text: str) -> dict[str, Any]:
    return {"value": text.replace(".", ""), "asset_code": "HORA", "asset_scale": 2}


@asynccontextmanager
async def serving(directory: Path, founded: home.Founded, ahead_ms: list[int]) -> AsyncIterator[Riacho]:
    """Serve what was founded, by a clock that is so far ahead; it may be served again afterwards."""
    keyring = home.read_keys(directory).keyring
    storage = await Storage.open(directory / home.DATABASE)
    network = next(storage.entries()).id

    def load() -> Replica:
        return Loader(storage, network).load(lambda: Replica(network, PRACTICES, chance=clock.chance, keyring=keyring))

    def now() -> int:
        return clock.now_ms() + ahead_ms[0]

    def seconds() -> float:
        return clock.seconds() + ahead_ms[0] / 1000

    runtime = Runtime(storage, load, network=network, now=now, seconds=seconds, advance=lambda _: None)
    await runtime.start()
    running = asyncio.create_task(runtime.run())
    shown = NodeShown(founded.network_id, "riacho", "Riacho", founded.peer_id, (), "READY", "0", "source")
    api = Api(runtime, OPERATIONS, about=lambda: shown, troubles=list, now=now, chance=clock.chance)
    url = await api.start("127.0.0.1", 0)
    try:
        async with ClientSession() as session:
            yield Riacho(url, directory, founded.steward_token, network, session, api.document)
    finally:
        await api.stop()
        runtime.stop()
        await running
        await storage.close()


async def found_riacho(directory: Path) -> home.Founded:
    """Found the network that `serving` serves."""
    founding = home.Founding("riacho", "Riacho", "HORA", default_limit="200.00")
    return await home.found(directory, founding, now=clock.now_ms, chance=clock.chance)


@pytest.fixture
async def riacho(tmp_path: Path) -> AsyncIterator[Riacho]:
    directory = tmp_path / "riacho"
    async with serving(directory, await found_riacho(directory), [0]) as one:
        yield one


async def test_a_member_may_owe_up_to_the_limit_and_hears_how_much_is_left(riacho: Riacho) -> None:
    for handle, name in (("ana", "Ana Souza"), ("bia", "Bia Conceição")):
        await riacho.join(handle, name)
    paid = await riacho.ask(
        "POST", "/v1/payments", {"payee": "bia", "amount": hours("180.00"), "note": "pa\u0303o"}, as_="ana"
    )
    assert (paid["state"], paid["note"], paid["amount"]) == ("posted", "pão", hours("180.00"))
    refused = await riacho.ask("POST", "/v1/payments", {"payee": "bia", "amount": hours("30.00")}, as_="ana")
    assert (refused["status"], refused["code"]) == (422, "LIMIT_EXCEEDED")
    assert refused["detail"] == "20.00 HORA left: the account's limit is -200.00 HORA."
    figures = {"available": 2_000, "missing": 1_000, "limit": -20_000, "projected_balance": -21_000, "currency": "HORA"}
    assert refused["figures"] == figures
    accounts = (await riacho.ask("GET", "/v1/accounts"))["items"]
    assert sum(int(one["balance"]["value"]) for one in accounts) == 0


async def test_a_payment_sent_again_with_its_key_is_one_payment(riacho: Riacho) -> None:
    await riacho.join("ana", "Ana")
    await riacho.join("bia", "Bia")
    wish = {"payee": "bia", "amount": hours("12.50")}
    answers = await asyncio.gather(
        *(riacho.ask("POST", "/v1/payments", wish, as_="ana", key="one-loaf") for _ in range(5))
    )
    done = [one for one in answers if "id" in one]
    assert {one["code"] for one in answers if "code" in one} <= {"IDEMPOTENCY_IN_FLIGHT"}
    again = await riacho.ask("POST", "/v1/payments", wish, as_="ana", key="one-loaf")
    assert all(one == again for one in done) and again["state"] == "posted"
    other = await riacho.ask("POST", "/v1/payments", {**wish, "amount": hours("1.00")}, as_="ana", key="one-loaf")
    assert (other["status"], other["code"]) == (422, "IDEMPOTENCY_REUSED")
    [line] = (await riacho.ask("GET", f"/v1/accounts/{again['payer_account']}/entries", as_="ana"))["items"]
    assert line["amount"]["value"] == "-1250" and line["balance"]["value"] == "-1250"


async def test_a_member_with_a_key_signs_in_and_signs_what_it_pays(riacho: Riacho) -> None:
    bia = await riacho.join("bia", "Bia", BIAS_KEYS)
    await riacho.join("ana", "Ana")
    accounts = {one["name"]: one["id"] for one in (await riacho.ask("GET", "/v1/accounts"))["items"]}
    told = {"network": riacho.network, "not_after_ms": clock.now_ms() + 60_000}
    pay = Pay(accounts["ana"], Amount(5_00, "HORA", 2), accounts["bia"], payment=drawn_id(bytes))
    signed = sign_wish(BIAS_KEYS, "payments.create", pay, order_seq=1, **told)
    wish = {"signed": {"data": bytes_text(signed.data), "signature": bytes_text(signed.signature)}}
    paid = await riacho.ask("POST", "/v1/payments", wish, as_="bia")
    assert (paid["state"], paid["auth"], paid["debit"]) == ("posted", "self", hours("5.00"))
    assert await riacho.ask("POST", "/v1/payments", wish, as_="bia") == paid, "one order is one payment"
    another = sign_wish(
        BIAS_KEYS, "payments.create", replace(pay, payment=drawn_id(lambda size: b"q" * size)), order_seq=2, **told
    )
    forged = {"signed": {"data": bytes_text(another.data), "signature": bytes_text(signed.signature)}}
    assert (await riacho.ask("POST", "/v1/payments", forged, as_="bia"))["code"] == "SIGNATURE_INVALID"
    for beside in ({"payee": "ana"}, {"amount": hours("5.00")}, {"note_salt": "A"}, {"note": "e" * 501}):
        assert (await riacho.ask("POST", "/v1/payments", {**wish, **beside}, as_="bia"))["code"] == "MALFORMED"
    unsigned = {"payee": "ana", "amount": hours("5.00"), "signed": None}
    assert (await riacho.ask("POST", "/v1/payments", unsigned, as_="bia"))["code"] == "MALFORMED"
    unknown = await riacho.ask("POST", "/v1/payments/nonsense/reverse", {}, as_="ana")
    assert (unknown["status"], unknown["code"]) == (404, "NOT_FOUND")
    told_twice = await riacho.ask("POST", f"/v1/payments/{paid['id']}/reverse", {"payment": paid["id"]}, as_="ana")
    assert (told_twice["code"], told_twice["figures"]["field"]) == ("MALFORMED", "payment")
    by_word = await riacho.ask("POST", f"/v1/members/{bia}/revoke-key", {"lost": "A" * 43}, as_="bia")
    assert (by_word["code"], by_word["figures"]["field"]) == ("MALFORMED", "lost")
    receipt = await riacho.ask("GET", f"/v1/receipts/{paid['id']}", as_="bia")
    assert "status" not in receipt
    shown = await riacho.ask("GET", f"/v1/members/{bia}", as_="bia")
    assert shown["keys"][0]["order_seq"] == 1


async def test_amounts_that_cannot_be_paid_have_their_codes_and_change_nothing(riacho: Riacho) -> None:
    await riacho.join("ana", "Ana")
    await riacho.join("bia", "Bia")
    for amount, code in [
        ({"value": "0", "asset_scale": 2}, "AMOUNT_NOT_POSITIVE"),
        ({"value": "-5", "asset_scale": 2}, "AMOUNT_NOT_POSITIVE"),
        ({"value": str(2**63), "asset_scale": 2}, "AMOUNT_TOO_LARGE"),
        ({"value": "3"}, "AMOUNT_MALFORMED"),
        ({"value": "12345", "asset_scale": 3}, "SCALE_EXCEEDED"),
        ({"value": "1", "asset_scale": 255}, "SCALE_EXCEEDED"),
        ({"value": 1, "asset_scale": 2}, "AMOUNT_MALFORMED"),
        ({"value": "1", "asset_code": "FLOR", "asset_scale": 2}, "CURRENCY_MISMATCH"),
    ]:
        refused = await riacho.ask("POST", "/v1/payments", {"payee": "bia", "amount": amount}, as_="ana")
        assert refused["code"] == code, amount
        assert refused["status"] in (400, 422)
    unknown = await riacho.ask("POST", "/v1/payments", {"payee": "zoe", "amount": hours("1.00")}, as_="ana")
    assert (unknown["status"], unknown["code"]) == (404, "MEMBER_UNKNOWN")
    assert (await riacho.ask("GET", "/v1/payments"))["items"] == []


async def test_zeros_that_are_typed_mean_nothing_in_a_currency_with_fewer_decimals(riacho: Riacho) -> None:
    for code, scale in (("MEIA", 1), ("MIN", 0)):
        limit = {"value": "10000", "asset_scale": 2}
        wish = {"code": code, "name": code, "scale": scale, "credit_limit": limit}
        shown = await riacho.ask("POST", "/v1/currencies", wish)
        assert shown["credit_limit"] == {"value": str(100 * 10**scale), "asset_code": code, "asset_scale": scale}
    for handle in ("ana", "bia"):
        await riacho.join(handle, handle.title())
    for value, code, scale, paid in (("1250", "MEIA", 1, "125"), ("1200", "MIN", 0, "12")):
        for noun in ("quotes", "payments"):
            wish = {"payee": "bia", "amount": {"value": value, "asset_code": code, "asset_scale": 2}}
            shown = await riacho.ask("POST", f"/v1/{noun}", wish, as_="ana")
            assert shown.get("amount") == {"value": paid, "asset_code": code, "asset_scale": scale}, shown
    amount = {"value": "1250", "asset_code": "MIN", "asset_scale": 2}
    refused = await riacho.ask("POST", "/v1/payments", {"payee": "bia", "amount": amount}, as_="ana")
    assert (refused["status"], refused["code"]) == (400, "SCALE_EXCEEDED")


async def test_lists_hold_everything_once_whatever_the_page(riacho: Riacho) -> None:
    for handle in ("ana", "bia", "caio"):
        await riacho.join(handle, handle.title())
    for noun in ("currencies", "members", "accounts", "invitations", "networks", "tokens"):
        whole = (await riacho.ask("GET", f"/v1/{noun}"))["items"]
        assert whole, noun
        pieces, path = [], f"/v1/{noun}?limit=1"
        while True:
            page = await riacho.ask("GET", path)
            pieces += page["items"]
            if page["next"] is None:
                break
            path = f"/v1/{noun}?limit=1&cursor={page['next']}"
        assert pieces == whole, noun


async def test_events_tell_a_member_what_concerns_it_and_no_more(riacho: Riacho) -> None:
    for handle in ("ana", "bia", "caio"):
        await riacho.join(handle, handle.title())

    async def next_paid(stream: Any) -> dict[str, Any]:
        async for line in stream.content:
            if line.startswith(b"data: ") and json.loads(line[6:])["type"].startswith("payment."):
                return json.loads(line[6:])
        raise AssertionError("the stream has ended")

    def follow(handle: str) -> Any:
        return riacho.session.get(
            f"{riacho.url}/v1/events", headers={"Authorization": f"Bearer {riacho.tokens[handle]}"}
        )

    async with follow("bia") as bias, follow("caio") as caios:
        for stream in (bias, caios):
            await stream.content.readline()
        first = await riacho.ask("POST", "/v1/payments", {"payee": "bia", "amount": hours("1.00")}, as_="ana")
        second = await riacho.ask("POST", "/v1/payments", {"payee": "caio", "amount": hours("1.00")}, as_="ana")
        assert (await next_paid(bias))["resource"] == first["id"]
        assert (await next_paid(caios))["resource"] == second["id"]


async def test_the_steward_takes_a_whole_copy_while_payments_go_on(riacho: Riacho, tmp_path: Path) -> None:
    await riacho.join("ana", "Ana")
    await riacho.join("bia", "Bia")
    paying = asyncio.gather(
        *(riacho.ask("POST", "/v1/payments", {"payee": "bia", "amount": hours("0.01")}, as_="ana") for _ in range(20))
    )
    headers = {"Authorization": f"Bearer {riacho.steward}"}
    async with riacho.session.get(f"{riacho.url}/v1/admin/backup", headers=headers) as response:
        assert (response.status, response.content_type) == (200, "application/vnd.sqlite3")
        copy = await response.read()
    await paying
    (tmp_path / "copy.db").write_bytes(copy)
    with sqlite3.connect(tmp_path / "copy.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM entries").fetchone()[0] > 5
    database.close()
    assert not list((tmp_path / "riacho").glob("backup*")), "no copy is left behind"
    as_ana = {"Authorization": f"Bearer {riacho.tokens['ana']}"}
    async with riacho.session.get(f"{riacho.url}/v1/admin/backup", headers=as_ana) as response:
        assert response.status == 403


def test_the_committed_document_is_the_one_that_nodes_serve() -> None:
    for one in walk_packages(protocol.__path__, "protocol."):
        import_module(one.name)  # what else a process has loaded changes nothing
    document = document_of(OPERATIONS)
    validate(document)
    committed = Path(__file__).parents[3] / "docs" / "openapi.json"
    assert json.loads(committed.read_text()) == document, "out of date: run python -m node.http >docs/openapi.json"


async def test_a_reversed_payment_asks_again_and_frees_the_mandate_that_it_was_paid_under(riacho: Riacho) -> None:
    for handle in ("ana", "bia", "caio"):
        await riacho.join(handle, handle.title())
    wish = {"helper": "caio", "cap": hours("50.00"), "not_after": "2100-01-01T00:00:00Z"}
    mandate = (await riacho.ask("POST", "/v1/members/ana/mandate", wish, as_="ana"))["mandates"][0]["id"]
    for _ in range(2):
        asked = {"amount": hours("50.00"), "payer": "ana"}
        request = (await riacho.ask("POST", "/v1/payment-requests", asked, as_="bia"))["id"]
        path = f"/v1/payment-requests/{request}"
        paid = await riacho.ask("POST", f"{path}/pay", {"payer": "ana", "mandate": mandate}, as_="caio")
        assert paid.get("state") == "paid", paid
        assert (await riacho.ask("POST", "/v1/payments", {"payee": "bia", "amount": hours("1.00"), "mandate": mandate},
                                 as_="caio"))["code"] == "MANDATE_EXCEEDED"  # fmt: skip
        await riacho.ask("POST", f"/v1/payments/{paid['payment']}/reverse", {}, as_="bia")
        shown = await riacho.ask("GET", path, as_="ana")
        assert (shown["state"], shown["payment"], shown["left"]) == ("open", None, hours("50.00"))


async def test_lists_are_searched_by_whoever_may_read_them(riacho: Riacho) -> None:
    await riacho.join("ana", "Ana da Conceição")
    await riacho.join("bia", "Bia")
    await riacho.join("caio", "Caio")
    for note in ("Açúcar mascavo", "pa\u0303o"):
        await riacho.ask("POST", "/v1/payments", {"payee": "bia", "amount": hours("1.00"), "note": note}, as_="ana")

    async def found(path: str, as_: str) -> list[str]:
        items = (await riacho.ask("GET", path, as_=as_))["items"]
        return [one.get("note") or one["handle"] for one in items]

    assert await found("/v1/members?search=CONCEICAO%20an&state=active", "bia") == ["ana"]
    assert await found("/v1/members?search=conceic%CC%A7a%CC%83o", "bia") == ["ana"]
    assert await found("/v1/payments?search=mascav%20acucar", "bia") == ["Açúcar mascavo"]
    assert await found("/v1/payments?search=pao", "ana") == await found("/v1/payments?search=ana%20pao", "") == ["pão"]
    assert await found("/v1/payments?search=pao", "caio") == []
    page = await riacho.ask("GET", "/v1/payments?search=conceicao&limit=1")
    more = await riacho.ask("GET", f"/v1/payments?search=conceicao&limit=1&cursor={page['next']}")
    assert [one["note"] for one in (*page["items"], *more["items"])] == ["pão", "Açúcar mascavo"]
    assert more["next"] is None
    other = await riacho.ask("GET", f"/v1/payments?search=pao&limit=1&cursor={page['next']}")
    assert (other["status"], other["code"]) == (400, "CURSOR_UNKNOWN")
    for nothing in ("", "%20-%20", "x" * 101):
        refused = await riacho.ask("GET", f"/v1/members?search={nothing}")
        assert (refused["code"], refused["figures"]["field"]) == ("MALFORMED", "search")
    riacho.tokens["nobody"] = "none"
    assert (await riacho.ask("GET", "/v1/members?search=ana", as_="nobody"))["status"] == 401
    assert (await riacho.ask("GET", "/v1/payments?search=pao", as_="nobody"))["status"] == 401


async def test_members_say_how_they_are_reached_and_to_whom(riacho: Riacho) -> None:
    for handle in ("ana", "bia"):
        await riacho.join(handle, handle.capitalize())
    committee = await riacho.ask("POST", "/v1/tokens", {"label": "committee", "role": "committee"})
    auditor = await riacho.ask("POST", "/v1/tokens", {"label": "auditor", "role": "auditor"})
    riacho.tokens |= {"committee": committee["token"], "auditor": auditor["token"], "nobody": "none"}

    async def say(as_: str, kind: str, value: str, seen_by: str | None = None, **more: str) -> Any:
        wish = {"kind": kind, "value": value, **({} if seen_by is None else {"seen_by": seen_by}), **more}
        return await riacho.ask("POST", "/v1/contacts", wish, as_=as_)

    async def seen(as_: str) -> dict[str, str]:
        items = (await riacho.ask("GET", "/v1/contacts?member=ana", as_=as_))["items"]
        return {one["kind"]: one["value"] for one in items}

    assert (await say("ana", "phone", "+55 11 5555 0100", "members"))["value"] == "+55 11 5555 0100"
    assert (await say("ana", "email", "ana@example.org"))["seen_by"] == "coordinators"
    await say("ana", "place", "geo:-23.5505199,-46.6333094", "me")
    everything = {"phone": "+55 11 5555 0100", "email": "ana@example.org", "place": "geo:-23.5505199,-46.6333094"}
    assert await seen("ana") == everything
    assert [sorted(await seen(who)) for who in ("bia", "committee", "", "auditor")] == [
        ["phone"], ["email", "phone"], ["email", "phone"], [],
    ]  # fmt: skip
    shown = await riacho.ask("GET", "/v1/contacts/ana.phone", as_="bia")
    assert (shown["member"], shown["value"], shown["seen_by"]) == ("ana", "+55 11 5555 0100", "members")
    assert shown == await riacho.ask("GET", f"/v1/contacts/{shown['id']}", as_="ana")
    for hidden in ("ana.place", "ana.email", "ana.web", "ana.picture", "ana", "nobody.phone"):
        assert (await riacho.ask("GET", f"/v1/contacts/{hidden}", as_="bia"))["status"] == 404
    assert (await riacho.ask("GET", "/v1/contacts?member=ana", as_="nobody"))["status"] == 401

    # What is said anew takes the place of what was, and another's is nobody's to say.
    await say("ana", "phone", "+55 11 5555 0199", "me")
    assert (await seen("ana"))["phone"] == "+55 11 5555 0199" and await seen("bia") == {}
    assert (await say("bia", "phone", "0000", member="ana"))["code"] == "FORBIDDEN"
    assert (await say("", "phone", "+34 600 000 000", member="bia"))["member"] == "bia", (
        "a steward, for one without key"
    )
    assert (await say("", "phone", "+34 600 000 000"))["figures"]["field"] == "member"
    bad = {
        "phone": "call me",
        "email": "ana at home",
        "web": "ftp://x",
        "post": " \n",
        "place": "geo:91,0",
        "other": "x" * 301,
    }
    for kind, value in {**bad, "fax": "1", "place ": "geo:1,181"}.items():
        refused = await say("ana", kind.strip(), value)
        assert (refused["code"], refused["figures"]["field"]) == ("MALFORMED", "kind" if kind == "fax" else "value")
    assert await seen("ana") == {**everything, "phone": "+55 11 5555 0199"}

    assert (await riacho.ask("POST", "/v1/contacts/ana.phone/remove", as_="bia"))["code"] == "FORBIDDEN"
    gone = await riacho.ask("POST", "/v1/contacts/ana.phone/remove", as_="ana")
    assert (gone["value"], sorted(await seen("ana"))) == (None, ["email", "place"])
    exported = await riacho.ask("GET", "/v1/members/ana/export", as_="ana")
    told = {one["kind"]: (one["value"], one["seen_by"]) for one in exported["private"]}
    assert told == {
        "name": ("Ana", ""), "email": ("ana@example.org", "coordinators"), "place": (everything["place"], "me"),
    }  # fmt: skip
    assert [one["kind"] for one in exported["lists"]["contacts"]] == ["email", "place"]
    await riacho.ask("POST", "/v1/members/ana/erase", as_="ana")
    assert await seen("ana") == {}


async def test_a_member_shows_its_face_to_whom_it_likes(riacho: Riacho) -> None:
    for handle in ("ana", "bia"):
        await riacho.join(handle, handle.capitalize())
    file = BytesIO()
    Image.effect_noise((900, 600), 90).save(file, "PNG")
    wish = {"picture": bytes_text(file.getvalue())}
    assert len(file.getvalue()) > BODY_BYTES_MAX, "more than other bodies may have"
    made = await riacho.ask("POST", "/v1/pictures", wish, as_="ana", key="face")
    assert (made["member"], made["seen_by"], made["jpeg"]) == ("ana", "members", None)
    assert made == await riacho.ask("POST", "/v1/pictures", wish, as_="ana", key="face")
    shown = await riacho.ask("GET", "/v1/pictures/ana", as_="bia")
    jpeg = form(bytes).read(shown["jpeg"])
    assert jpeg.startswith(b"\xff\xd8\xff") and len(jpeg) <= 64 * 1024
    assert {**made, "jpeg": shown["jpeg"]} == shown

    async def refused(body: Any, as_: str = "ana") -> tuple[str, str | None]:
        answer = await riacho.ask("POST", "/v1/pictures", body, as_=as_)
        return answer["code"], answer["figures"].get("field")

    assert await refused({"picture": bytes_text(b"no picture")}) == ("MALFORMED", "picture")
    assert await refused({"picture": bytes_text(bytes(6 * 1024 * 1024 + 1))}) == ("MALFORMED", "picture")
    assert (await refused({"picture": "A" * 9_000_000}))[0] == "BODY_TOO_LARGE"
    assert (await refused({**wish, "member": "ana"}, "bia"))[0] == "FORBIDDEN"
    assert (await riacho.ask("POST", "/v1/contacts", {"kind": "other", "value": "A" * 70_000}))["status"] == 413
    assert (await riacho.ask("GET", "/v1/pictures/ana", as_="bia"))["jpeg"] == shown["jpeg"]

    await riacho.ask("POST", "/v1/pictures", {**wish, "seen_by": "me"}, as_="ana")
    assert (await riacho.ask("GET", "/v1/pictures/ana", as_="bia"))["code"] == "NOT_FOUND"
    assert (await riacho.ask("GET", "/v1/pictures/ana"))["code"] == "NOT_FOUND", "nor a steward"
    exported = await riacho.ask("GET", "/v1/members/ana/export", as_="ana")
    assert [(one["kind"], one["seen_by"]) for one in exported["private"]] == [("name", ""), ("picture", "me")]
    assert (await riacho.ask("POST", "/v1/pictures/ana/remove", as_="bia"))["code"] == "FORBIDDEN"
    await riacho.ask("POST", "/v1/pictures/ana/remove", as_="ana")
    assert (await riacho.ask("GET", "/v1/pictures/ana", as_="ana"))["code"] == "NOT_FOUND"


async def test_with_a_leaver_go_its_requests_and_tokens(riacho: Riacho) -> None:
    for handle in ("ana", "bia"):
        await riacho.join(handle, handle.title())
    anas = (await riacho.ask("POST", "/v1/payment-requests", {"amount": hours("1.00")}, as_="ana"))["id"]
    of_ana = {"amount": hours("1.00"), "payer": "ana"}
    bias = (await riacho.ask("POST", "/v1/payment-requests", of_ana, as_="bia"))["id"]
    await riacho.ask("POST", "/v1/members/ana/leave", {})
    states = [(await riacho.ask("GET", f"/v1/payment-requests/{one}"))["state"] for one in (anas, bias)]
    assert states == ["cancelled", "declined"]
    assert (await riacho.ask("POST", "/v1/payment-requests", of_ana, as_="bia"))["code"] == "MEMBER_NOT_ACTIVE"
    assert (await riacho.ask("GET", "/v1/accounts", as_="ana"))["code"] == "UNAUTHENTICATED"
    for role in ("member", "auditor"):
        refused = await riacho.ask("POST", "/v1/tokens", {"label": "phone", "member": "ana", "role": role})
        assert (refused["status"], refused["code"]) == (422, "MEMBER_NOT_ACTIVE")


async def test_an_auditor_acts_for_nobody_whichever_member_its_token_names(riacho: Riacho) -> None:
    for handle in ("ana", "bia"):
        await riacho.join(handle, handle.title())
    made = await riacho.ask("POST", "/v1/tokens", {"label": "auditor", "role": "auditor", "member": "ana"})
    riacho.tokens["auditor"] = made["token"]
    for path, wish in (
        ("/v1/payments", {"payer": "ana", "payee": "bia", "amount": hours("1.00")}),
        ("/v1/payment-requests", {"payee": "ana", "amount": hours("1.00")}),
        ("/v1/members/ana/leave", {}),
        ("/v1/members/ana/erase", {}),
    ):
        refused = await riacho.ask("POST", path, wish, as_="auditor")
        assert (refused["status"], refused["code"]) == (403, "FORBIDDEN"), path
    assert {one["balance"]["value"] for one in (await riacho.ask("GET", "/v1/accounts", as_="auditor"))["items"]} == {
        "0"
    }
    await riacho.ask("POST", "/v1/members/ana/leave", {})
    assert (await riacho.ask("GET", "/v1/accounts", as_="auditor"))["status"] == 401, "it ends with the member"


async def test_limits_change_one_by_one_and_for_everybody(riacho: Riacho) -> None:
    await riacho.join("ana", "Ana")
    for wish, limit, ceiling in (
        ({"balance_limit": hours("50.00")}, "-20000", hours("50.00")),
        ({"credit_limit": hours("30.00")}, "-3000", hours("50.00")),
        ({"any_balance": True}, "-3000", None),
    ):
        assert "status" not in await riacho.ask("POST", "/v1/members/ana/set-limits", wish)
        shown = await riacho.ask("GET", "/v1/accounts/ana")
        assert (shown["limit"]["value"], shown["ceiling"]) == (limit, ceiling)
    wish = {"credit_limit": hours("70.00"), "accounts": "all"}
    shown = await riacho.ask("POST", "/v1/currencies/HORA/set-defaults", wish)
    assert shown["credit_limit"] == hours("70.00")
    assert (await riacho.ask("GET", "/v1/accounts/ana"))["limit"]["value"] == "-7000"
    assert (await riacho.ask("POST", "/v1/currencies/HORA/set-defaults", {}))["code"] == "MALFORMED"


HOLDING = ("code", "token", "secret", "password")


async def test_what_stands_on_a_board_stands_in_no_answer_that_is_remembered(riacho: Riacho) -> None:
    await riacho.join("bia", "Bia")
    wishes = {
        "/v1/offers": {"title": "Quince cheese", "text": "Two a week", "place": "geo:1,2", "member": "bia"},
        "/v1/needs": {"title": "Quince jam", "member": "bia"},
        "/v1/announcements": {"text": "Quince market"},
    }
    for path, wish in wishes.items():
        told = await riacho.ask("POST", path, wish, key=path)
        again = await riacho.ask("POST", path, wish, key=path)
        gone = {name: None for name in ("title", "text", "place") if name in told}
        assert again == told | gone and told["text"] == wish.get("text", ""), path
        await riacho.ask("POST", f"{path}/{told['id']}/withdraw", {}, key=f"{path} gone".replace(" ", "-"))
        assert (await riacho.ask("GET", path))["items"] == []
    for _ in range(150):
        stored = b"".join(file.read_bytes() for file in riacho.home.glob("*.db*"))
        if b"Quince" not in stored:
            break
        await asyncio.sleep(0.1)
    assert b"Quince" not in stored


@pytest.mark.parametrize("path", ["/v1/invitations", "/v1/replicas"])
async def test_a_code_is_told_once_and_stands_nowhere(riacho: Riacho, path: str) -> None:
    told = await riacho.ask("POST", path, {}, key="evening-1")
    code = told["code"]
    again = await riacho.ask("POST", path, {}, key="evening-1")
    assert again == {**told, "code": None}
    assert len((await riacho.ask("GET", path))["items"]) == 1
    await riacho.ask("POST", "/v1/currencies", CURRENCY, key="evening-2")
    stored = b"".join(file.read_bytes() for file in riacho.home.iterdir() if file.is_file())
    assert told["id"].encode() in stored and b'"ECO"' in stored, "answers under a key are stored"
    assert code.encode() not in stored and code.replace("-", "").encode() not in stored
    steward = riacho.steward.encode()
    assert not [file for file in riacho.home.glob("*.db*") if steward in file.read_bytes()]


def test_what_is_told_once_is_what_a_store_must_not_hold() -> None:
    kinds = [one.shown for one in OPERATIONS.values() if isinstance(one, Show)]
    secret = {kind.__name__: secrets_of(kind) for kind in kinds if secrets_of(kind)}
    assert secret == {
        "InvitationShown": ("code",),
        "ReplicaShown": ("code",),
        "AnnouncementShown": ("text",),
        "OfferShown": ("title", "text", "place", "why"),
        "CostSheetShown": ("title", "lines"),
        "NeedShown": ("title", "text", "place"),
        "OpenPriceShown": ("title", "parts"),
        "CampaignShown": ("demand", "evidence", "reply"),
        "PaperShown": ("codes",),
    }
    holding = {kind.__name__: name for kind in kinds for name in hints_of(kind) if name in HOLDING}
    of_items = {
        "CurrencyShown",
        "OfferShown",
        "NeedShown",
        "OrderShown",
        "LabelShown",
        "CostSheetShown",
        "ReferenceShown",
    }
    ballots = {"MotionShown"}  # whether its ballot is secret
    assert set(holding) - of_items - ballots == {"InvitationShown", "ReplicaShown"}, (
        "else a currency's code, or an item's"
    )


async def test_a_group_without_a_chain_or_without_names_in_it_has_pictures_all_the_same(riacho: Riacho) -> None:
    for path in ("/v1/chains/picture?which=map", "/v1/chains/sheet?language=en"):
        assert (await riacho.ask("GET", path))["svg"].startswith("<svg")
    nameless = {"handle": "emporium", "turnover": {"value": "800000", "asset_code": "UNIT", "asset_scale": 2}}
    await riacho.ask("POST", "/v1/enterprises", nameless)
    assert "Emporium" in (await riacho.ask("GET", "/v1/chains/picture"))["svg"]
