# SPDX-License-Identifier: AGPL-3.0-or-later
"""A group's first weeks over HTTP, by a clock and a chance that are the same each time: true examples for the document.

Run it to renew them: PYTHONPATH=. python -m tests.node.http.tried >node/http/examples.json
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import ClientSession
from PIL import Image

from node import clock
from node.http.about import NodeShown
from node.http.app import Api
from node.http.schema import form
from node.http.values import bytes_text, moment_text
from node.keeping import home
from node.loop.runtime import Runtime
from node.store.loading import Loader
from node.store.storage import Storage
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import sign_wish
from protocol.practices import OPERATIONS, PRACTICES
from protocol.practices.credit.loans.entries import AskReschedule, LoanKind, RepayLoan, RequestLoan
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.people.devices import AddKey, RebindKey, RevokeKey
from protocol.practices.people.guardians.entries import BackKey, NameGuardians, ObjectToKey
from protocol.practices.people.joinings import sign_joining
from protocol.replica import Replica
from protocol.wire.keys import KeyPair

NOW_MS = 1_803_895_200_000
"""2027-03-01T10:00:00Z."""
DAY_MS = 24 * 60 * 60 * 1_000
ANAS_KEYS = KeyPair.from_seed(sha256(b"ana").digest())
KEYS = {"ana": ANAS_KEYS, "fia": KeyPair.from_seed(sha256(b"fia").digest())}
"""Of the members who have a key; the others tell the group what they wish."""

Json = dict[str, Any]


class Chance:
    """Bytes that look drawn, the same each time."""

    def __init__(self) -> None:
        self._drawn = 0

    def __call__(self, size: int) -> bytes:
        self._drawn += 1
        return b"".join(sha256(b"%d %d" % (self._drawn, part)).digest() for part in range(-(-size // 32)))[:size]


class Trial:
    """A serving node, somebody who asks there, and what was asked and answered, by operation."""

    def __init__(self, url: str, steward: str, network: bytes, session: ClientSession, hour: list[int]) -> None:
        self.url = url
        self.hour = hour
        """What the node's clock says, milliseconds since 1970."""
        self.network = network
        self.tokens = {"steward": steward}
        self.held: dict[str, Json] = {}
        self.keys = dict(KEYS)
        """Of the members who have one, the key that they sign with now."""
        self._session = session
        self._signed = 0
        self.chance = Chance()

    async def ask(self, who: str, operation: str, path: str, body: Json | None = None, method: str = "POST") -> Any:
        """Ask, keep what was asked and answered, and return the answer; whatever is refused ends the trial."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        async with self._session.request(method, self.url + path, data=data, headers=headers) as response:
            text = await response.read()
            assert response.status < 400, (operation, path, body, text)
            answer = json.loads(text) if text else None
        told: Json = {"method": method, "path": path}
        told |= {} if body is None else {"request": body}
        told |= {"status": response.status} | ({} if answer is None else {"answer": answer})
        self.held.setdefault(operation, told)
        return answer

    async def show(self, who: str, operation: str, path: str) -> Any:
        """Ask for what is there."""
        return await self.ask(who, operation, path, method="GET")

    async def sign_in(self, who: str) -> None:
        """Open a session by a member's key."""
        key = bytes_text(self.keys[who].public)
        asked = (await self.ask("", "", "/v1/challenges", {"key": key}))["challenge"]
        signature = bytes_text(self.keys[who].sign("session", form(bytes).read(asked)))
        opened = await self.ask("", "", "/v1/sessions", {"key": key, "challenge": asked, "signature": signature})
        self.tokens[who] = opened["token"]

    def signed(self, operation: str, wish: object, who: str = "ana") -> Json:
        """Return a body that holds a member's signed wish."""
        self._signed += 1
        signed = sign_wish(
            self.keys[who], operation, wish,
            network=self.network, order_seq=NOW_MS + self._signed, not_after_ms=self.hour[0] + DAY_MS,
        )  # fmt: skip
        return {"signed": {"data": bytes_text(signed.data), "signature": bytes_text(signed.signature)}}


def face_text(side: int) -> str:
    """Return a picture of one colour as the API takes it, a PNG of so many pixels a side."""
    file = BytesIO()
    Image.new("RGB", (side, side), (200, 120, 40)).save(file, "PNG")
    return bytes_text(file.getvalue())


def amount(minor: int, code: str = "HORA") -> Json:
    return {"value": str(minor), "asset_code": code, "asset_scale": 2}


def at(days: int) -> str:
    return moment_text(NOW_MS + days * DAY_MS)


@asynccontextmanager
async def founded(folder: Path) -> AsyncIterator[Trial]:
    """Found a group and serve it, by a clock that stands and a chance that repeats itself."""
    chance = Chance()
    founding = home.Founding("riacho", "Riacho", "HORA", default_limit="200.00")
    made = await home.found(folder, founding, now=lambda: NOW_MS, chance=chance)
    keyring, hour = home.read_keys(folder).keyring, [NOW_MS]
    storage = await Storage.open(folder / home.DATABASE)
    network = next(storage.entries()).id

    def load() -> Replica:
        return Loader(storage, network).load(lambda: Replica(network, PRACTICES, chance=chance, keyring=keyring))

    def seconds() -> float:
        return clock.seconds() + (hour[0] - NOW_MS) / 1000

    runtime = Runtime(storage, load, network=network, now=lambda: hour[0], seconds=seconds, advance=lambda _: None)
    await runtime.start()
    running = asyncio.create_task(runtime.run())
    shown = NodeShown(made.network_id, "riacho", "Riacho", made.peer_id, (), "READY", "0.1.0", "https://example.net/")
    api = Api(runtime, OPERATIONS, about=lambda: shown, troubles=list, now=lambda: hour[0], chance=Chance())
    url = await api.start("127.0.0.1", 0)
    try:
        async with ClientSession() as session:
            yield Trial(url, made.steward_token, network, session, hour)
    finally:
        await api.stop()
        runtime.stop()
        await running
        await storage.close()


async def try_all(one: Trial) -> None:
    """Do once what a group does that knows no other yet."""
    await people(one)
    await money(one)
    await more_of_people(one)
    await more_of_money(one)
    await neighbours(one)
    await decisions(one)
    await chain(one)
    await backed(one)
    await departures(one)
    await lending(one)
    from tests.node.http.tried_councils import communal

    await communal(one)
    await by_laws(one)
    from tests.node.http.tried_guarantee import try_guarantee

    await try_guarantee(one)
    from tests.node.http.tried_community import try_community

    await try_community(one)


async def people(one: Trial) -> None:
    for handle, name in (
        ("ana", "Ana Souza"),
        ("bia", "Bia Conceição"),
        ("caio", "Caio"),
        ("dora", "Dora"),
        ("fia", "Fia"),
    ):
        invitation = await one.ask("steward", "invitations.create", "/v1/invitations", {"not_after": at(14)})
        wish: Json = {"code": invitation["code"], "handle": handle, "name": name}
        if handle in KEYS:
            wish["joining"] = one_signed(sign_joining(KEYS[handle], one.network, handle))
        await one.ask("", "members.join", "/v1/members", wish)
        approved = {"currency": "HORA", "credit_limit": amount(200_00)}
        await one.ask("steward", "members.approve", f"/v1/members/{handle}/approve", approved)
        if handle in KEYS:
            await one.sign_in(handle)
            continue
        token = {"label": f"{name}'s phone", "member": handle, "scopes": ["*"], "expires": at(365)}
        one.tokens[handle] = (await one.ask("steward", "tokens.create", "/v1/tokens", token))["token"]
    await one.ask("", "challenges.create", "/v1/challenges", {"key": bytes_text(ANAS_KEYS.public)})
    spare = await one.ask("steward", "invitations.create", "/v1/invitations", {})
    await one.show("steward", "invitations.list", "/v1/invitations?state=open")
    await one.show("steward", "invitations.show", f"/v1/invitations/{spare['id']}")
    await one.ask("steward", "invitations.withdraw", f"/v1/invitations/{spare['id']}/withdraw", {})
    await one.show("ana", "members.list", "/v1/members?state=active")
    await one.show("ana", "members.show", "/v1/members/ana")
    limits = {"credit_limit": amount(250_00), "currency": "HORA"}
    await one.ask("steward", "members.set-limits", "/v1/members/bia/set-limits", limits)
    await one.ask("steward", "members.suspend", "/v1/members/dora/suspend", {})
    await one.ask("steward", "members.resume", "/v1/members/dora/resume", {})
    await one.ask("steward", "members.rename", "/v1/members/dora/rename", {"handle": "dora-lima"})
    mandate = {"helper": "caio", "cap": amount(50_00), "not_after": at(90)}
    given = await one.ask("bia", "members.mandate", "/v1/members/bia/mandate", mandate)
    wish = {"mandate": given["mandates"][0]["id"]}
    await one.ask("bia", "members.revoke-mandate", "/v1/members/bia/revoke-mandate", wish)


def one_signed(signed: Any) -> Json:
    return {"data": bytes_text(signed.data), "signature": bytes_text(signed.signature)}


async def money(one: Trial) -> None:
    eco = {"code": "ECO", "name": "Eco do Riacho", "credit_limit": amount(100_00, "ECO"), "unit_word": "eco"}
    await one.ask("steward", "currencies.create", "/v1/currencies", eco)
    await one.ask(
        "steward", "currencies.set-levy", "/v1/currencies/HORA/set-levy", {"basis_points": 100, "side": "both"}
    )
    defaults = {"credit_limit": amount(150_00)}
    await one.ask("steward", "currencies.set-defaults", "/v1/currencies/HORA/set-defaults", defaults)
    await one.ask("steward", "currencies.close", "/v1/currencies/ECO/close", {})
    await one.show("ana", "currencies.list", "/v1/currencies")
    await one.show("ana", "currencies.show", "/v1/currencies/HORA")
    pay = {"payee": "ana", "amount": amount(12_50), "note": "bread", "payment": uuid_text(drawn_id(one.chance))}
    paid = await one.ask("bia", "payments.create", "/v1/payments", pay)
    await one.show("bia", "payments.show", f"/v1/payments/{paid['id']}")
    await one.show("bia", "payments.list", "/v1/payments")
    await one.show("bia", "receipts.show", f"/v1/receipts/{paid['id']}")
    for verb in ("post", "void"):
        held = await one.ask("bia", "", "/v1/payments", {"payee": "caio", "amount": amount(3_00), "pending": True})
        await one.ask("caio", f"payments.{verb}", f"/v1/payments/{held['id']}/{verb}", {})
    again = await one.ask("bia", "", "/v1/payments", {"payee": "caio", "amount": amount(2_00)})
    await one.ask("caio", "payments.reverse", f"/v1/payments/{again['id']}/reverse", {})
    await one.show("ana", "accounts.list", "/v1/accounts")
    await one.show("ana", "accounts.show", "/v1/accounts/ana")
    await one.show("ana", "accounts.entries", "/v1/accounts/ana/entries?limit=2")
    for verb, who in (("pay", "caio"), ("decline", "caio"), ("cancel", "bia")):
        wish = {"amount": amount(5_00), "payer": "caio", "note": "eggs", "not_after": at(30)}
        asked = await one.ask("bia", "payment-requests.create", "/v1/payment-requests", wish)
        await one.show("bia", "payment-requests.show", f"/v1/payment-requests/{asked['id']}")
        await one.ask(who, f"payment-requests.{verb}", f"/v1/payment-requests/{asked['id']}/{verb}", {})
    await one.show("bia", "payment-requests.list", "/v1/payment-requests?state=paid")
    order = {"payee": "caio", "amount": amount(1_00), "first_at": at(1), "rhythm": "weekly", "times": 8, "note": "eggs"}
    standing = await one.ask("bia", "scheduled-payments.create", "/v1/scheduled-payments", order)
    path = f"/v1/scheduled-payments/{standing['id']}"
    await one.show("bia", "scheduled-payments.show", path)
    await one.show("bia", "scheduled-payments.list", "/v1/scheduled-payments")
    for verb in ("pause", "resume", "cancel"):
        await one.ask("bia", f"scheduled-payments.{verb}", f"{path}/{verb}", {})
    due = {"title": "Tea for the hall", "currency": "HORA", "amount": amount(1_00), "day": 1}
    dues = await one.ask("steward", "dues.create", "/v1/dues", due)
    if "wishes" in dues:
        one.held["dues.create"]["status"] = 202


async def more_of_people(one: Trial) -> None:
    ana = (await one.show("ana", "", "/v1/members/ana"))["id"]
    fia = (await one.show("ana", "", "/v1/members/fia"))["id"]
    named = one.signed("guardians.name", NameGuardians(ana, (fia,), 1))
    await one.ask("ana", "guardians.name", "/v1/guardians/ana/name", named)
    await one.show("ana", "guardians.show", "/v1/guardians/ana")
    till = KeyPair.from_seed(sha256(b"ana's till").digest())
    add = one.signed("members.add-key", AddKey(ana, sign_joining(till, one.network, "ana"), 20_00))
    await one.ask("ana", "members.add-key", "/v1/members/ana/add-key", add)
    lost = one.signed("members.revoke-key", RevokeKey(ana, till.public))
    await one.ask("ana", "members.revoke-key", "/v1/members/ana/revoke-key", lost)
    new = KeyPair.from_seed(sha256(b"ana's new phone").digest())
    back = one.signed("guardians.back", BackKey(ana, new.public, sign_joining(new, one.network, "ana")), "fia")
    await one.ask("fia", "guardians.back", "/v1/guardians/ana/back", back)
    known = one.signed("guardians.object", ObjectToKey(ana))
    await one.ask("ana", "guardians.object", "/v1/guardians/ana/object", known)
    newer = KeyPair.from_seed(sha256(b"fia's new phone").digest())
    rebound = one.signed("members.rebind-key", RebindKey(fia, sign_joining(newer, one.network, "fia")), "fia")
    await one.ask("fia", "members.rebind-key", "/v1/members/fia/rebind-key", rebound)
    one.keys["fia"] = newer
    await one.sign_in("fia")
    pinned = await one.ask(
        "steward", "announcements.publish", "/v1/announcements", {"text": "Market on Saturday, 9 to 12"}
    )
    where = f"/v1/announcements/{pinned['id']}"
    await one.ask("steward", "announcements.replace", f"{where}/replace", {"text": "Market on Sunday", "days": 40})
    await one.show("steward", "announcements.show", where)
    await one.show("steward", "announcements.list", "/v1/announcements")
    await one.ask("steward", "announcements.withdraw", f"{where}/withdraw", {})
    await offered(one)
    await opened_prices(one)
    face = {"picture": face_text(12), "seen_by": "members"}
    await one.ask("bia", "pictures.set", "/v1/pictures", face)
    await one.ask("bia", "pictures.remove", "/v1/pictures/bia/remove", {})
    await one.ask("steward", "absences.set", "/v1/absences/caio/set", {"since": at(1), "until": at(30)})
    await one.show("steward", "absences.show", "/v1/absences/caio")
    contact = {"kind": "email", "value": "bia@example.net"}
    kept = await one.ask("bia", "contacts.set", "/v1/contacts", contact)
    await one.show("bia", "contacts.list", "/v1/contacts")
    await one.ask("bia", "contacts.remove", f"/v1/contacts/{kept['id']}/remove", {})
    await one.ask("caio", "members.erase", "/v1/members/caio/erase", {})
    account = {"currency": "HORA", "credit_limit": amount(100_00)}
    taken = {"members": [{"handle": "elio", "name": "Elio", "accounts": [account]}]}
    await one.ask("steward", "imports.create", "/v1/imports", taken)


async def offered(one: Trial) -> None:
    flour = {
        "title": "Wheat flour", "text": "Stone ground", "code": "23110", "quantity": "12 kg", "prices": [amount(4_50)],
        "state_money": [amount(1_00, "BRL")], "labels": ["organic"], "place": "geo:-23.5505,-46.6333",
    }  # fmt: skip
    shown = await one.ask("bia", "offers.publish", "/v1/offers", flour)
    where = f"/v1/offers/{shown['id']}"
    saved = await one.ask("ana", "searches.save", "/v1/searches", {"search": "goat cheese", "kind": "offer"})
    await one.show("ana", "searches.show", f"/v1/searches/{saved['id']}")
    await one.show("ana", "searches.list", "/v1/searches")
    await one.ask("ana", "searches.withdraw", f"/v1/searches/{saved['id']}/withdraw", {})
    await one.ask("bia", "offers.replace", f"{where}/replace", flour | {"quantity": "8 kg"})
    await one.show("ana", "offers.show", where)
    await one.show("ana", "offers.list", "/v1/offers?search=flour&code=231&max_price=5.00+HORA")
    await one.ask("bia", "offer-pictures.set", "/v1/offer-pictures", {"offer": shown["id"], "picture": face_text(16)})
    await one.ask("bia", "offer-pictures.remove", f"/v1/offer-pictures/{shown['id']}/remove", {})
    await ordered(one, shown["id"])
    await one.ask("bia", "offers.withdraw", f"{where}/withdraw", {})
    need = {"title": "Yarn", "quantity": "1,5 kg", "language": "es", "within_km": 40, "place": "geo:-23.55,-46.63"}
    shown = await one.ask("bia", "needs.publish", "/v1/needs", need)
    where = f"/v1/needs/{shown['id']}"
    await one.ask("bia", "needs.replace", f"{where}/replace", need | {"prices": [amount(3_00)]})
    yarn = {
        "title": "Yarn",
        "quantity": "8 kg",
        "prices": [amount(2_50)],
        "place": "geo:-23.56,-46.6",
        "member": "caio",
    }
    mine = await one.ask("steward", "", "/v1/offers", yarn)
    await one.show("bia", "matches.list", "/v1/matches")
    await one.show("bia", "suggestions.list", "/v1/suggestions")
    await one.ask("steward", "", f"/v1/offers/{mine['id']}/withdraw", {})
    await one.show("ana", "needs.show", where)
    await one.show("ana", "needs.list", "/v1/needs?near=geo:-23.5,-46.6&within_km=50")
    await one.show("ana", "search.list", "/v1/search?search=yarn&kind=need")
    await one.show("ana", "item-codes.list", "/v1/item-codes?search=harina")
    await one.ask("bia", "needs.withdraw", f"{where}/withdraw", {})


async def opened_prices(one: Trial) -> None:
    parts = [
        {"name": "wages", "amount": amount(2_00), "kind": "work", "source": "hours of May"},
        {"name": "inputs", "amount": amount(1_20), "kind": "outside", "source": "invoices of May"},
    ]
    fruit = {"title": "fruit, a kilogram", "price": amount(3_20), "parts": parts}
    of = (await one.ask("bia", "", "/v1/open-prices", fruit))["id"]
    parts = [
        {"name": "fruit", "amount": amount(1_60), "of": of},
        {"name": "labour", "amount": amount(1_80), "kind": "work", "source": "0.12 h"},
        {"name": "transport", "amount": amount(40)},
    ]
    jam = {"title": "jam, a jar", "price": amount(5_00), "parts": parts, "rest_to_fund": True}
    shown = await one.ask("bia", "open-prices.publish", "/v1/open-prices", jam)
    where = f"/v1/open-prices/{shown['id']}"
    await one.show("ana", "open-prices.show", where)
    await one.show("ana", "open-prices.list", "/v1/open-prices?seller=bia")
    await one.ask("bia", "open-prices.withdraw", f"{where}/withdraw", {})


async def ordered(one: Trial, offer: str) -> None:
    async def placed(*steps: tuple[str, str, Json], operation: str = "") -> str:
        order = await one.ask("ana", operation, "/v1/orders", {"offer": offer, "quantity": "1500 g"})
        for who, verb, wish in steps:
            await one.ask(who, f"orders.{verb}", f"/v1/orders/{order['id']}/{verb}", wish)
        return order["id"]

    accept, deliver = ("bia", "accept", Json()), ("bia", "deliver", {"quantity": "1.25"})
    settle = ("steward", "settle", {"outcome": "cancelled"})
    order = await placed(accept, deliver, ("ana", "confirm", {}), operation="orders.place")
    await one.show("ana", "orders.show", f"/v1/orders/{order}")
    await placed(accept, ("ana", "dispute", {"reason": "Half of it was wet"}), settle)
    await placed(("bia", "decline", {"reason": "All is sold"}))
    await placed(("ana", "cancel", {}))
    await one.show("ana", "orders.list", "/v1/orders?state=fulfilled&side=buyer")


async def more_of_money(one: Trial) -> None:
    await one.ask(
        "steward", "", "/v1/currencies", {"code": "SOL", "name": "Sol", "credit_limit": amount(100_00, "SOL")}
    )
    for handle in ("bia", "caio"):
        await one.ask("steward", "", f"/v1/members/{handle}/approve", {"currency": "SOL"})
    balances = [{"member": "bia", "balance": amount(5_00, "SOL")}, {"member": "caio", "balance": amount(-5_00, "SOL")}]
    await one.ask("steward", "openings.create", "/v1/openings", {"currency": "SOL", "balances": balances})
    await one.show("steward", "openings.show", "/v1/openings/SOL")
    await one.ask("bia", "", "/v1/payments", {"payee": "commons.HORA", "amount": amount(4_00)})
    spend = {"payee": "caio", "amount": amount(1_00), "note": "cleaning the hall"}
    await one.ask("steward", "commons.pay", "/v1/commons/HORA/pay", spend)
    await one.show("bia", "commons.show", "/v1/commons/HORA")
    for payee, payer in (("bia", "caio"), ("caio", "bia")):
        wish = {"not_after": at(60), "currency": "HORA"}
        consent = await one.ask(payee, "set-off-consents.create", "/v1/set-off-consents", wish)
        await one.ask(payee, "", "/v1/payment-requests", {"amount": amount(2_00), "payer": payer})
    await one.show("caio", "set-off-consents.show", f"/v1/set-off-consents/{consent['id']}")
    await one.show("steward", "obligations.show", "/v1/obligations/HORA")
    for payee, payer in (("bia", "caio"), ("caio", "bia")):
        asked = await one.ask(payee, "", "/v1/payment-requests", {"amount": amount(2_00), "payer": payer})
        wish = {"not_after": at(60), "currency": "HORA", "requests": [asked["id"]]}
        consent = await one.ask(payer, "", "/v1/set-off-consents", wish)
    await one.ask("steward", "obligations.clear", "/v1/obligations/HORA/clear", {})
    await one.ask("bia", "set-off-consents.revoke", f"/v1/set-off-consents/{consent['id']}/revoke", {})
    await one.ask("steward", "due-days.set", "/v1/due-days/HORA/set", {"day": 25})
    await one.show("caio", "due-days.show", "/v1/due-days/HORA")
    await one.show("caio", "due-days.list", "/v1/due-days")


async def neighbours(one: Trial) -> None:
    node = await one.show("", "", "/v1/node")
    await one.ask(
        "steward", "networks.set-profile", f"/v1/networks/{node['network_id']}/set-profile", {"name": "Riacho"}
    )
    await one.show("ana", "networks.list", "/v1/networks")
    await one.show("ana", "networks.show", f"/v1/networks/{node['network_id']}")
    place = await one.ask("steward", "replicas.invite", "/v1/replicas", {})
    await one.show("steward", "replicas.show", f"/v1/replicas/{place['id']}")
    await one.ask("steward", "replicas.dismiss", f"/v1/replicas/{place['id']}/dismiss", {})
    await one.ask("steward", "checkpoints.make", "/v1/checkpoints", {})


async def decisions(one: Trial) -> None:
    levy = {"operation": "currencies.set-levy", "subject": "HORA", "wish": {"basis_points": 0}}
    wish = {"text": "The levy ends", "public": True, "wishes": [levy]}
    motion = await one.ask("bia", "motions.create", "/v1/motions", wish)
    path = f"/v1/motions/{motion['id']}"
    vote = one.signed("motions.vote", Vote(parse_uuid(motion["id"]) or b"", Ballot.YES))
    await one.ask("ana", "motions.vote", f"{path}/vote", vote)
    await one.show("ana", "motions.show", path)
    await one.show("ana", "motions.list", "/v1/motions?state=open")
    draft = await one.ask("bia", "", "/v1/motions", {"text": "A shed", "draft": True})
    await one.ask("bia", "motions.open", f"/v1/motions/{draft['id']}/open", {})
    await one.show("ana", "parameters.list", "/v1/parameters")
    await one.show("ana", "parameters.show", "/v1/parameters/motions.quorum")
    await one.show("ana", "errands.list", "/v1/errands")


async def chain(one: Trial) -> None:
    def whole(value: int) -> Json:
        return {"value": str(value), "asset_scale": 0}

    emporium = {
        "handle": "emporium", "name": "Empório da Praça", "isic": "4711", "segments": ["commerce"], "member": "bia",
        "turnover": whole(8_000), "wages": whole(1_200), "surplus": whole(400), "place": "-25.4284,-49.2733",
    }  # fmt: skip
    await one.ask("steward", "enterprises.create", "/v1/enterprises", emporium)
    await one.ask("steward", "", "/v1/enterprises", {"handle": "zeta", "status": "outside"})
    await one.ask("steward", "enterprises.correct", "/v1/enterprises/emporium/correct", {"wages": whole(1_100)})
    await one.show("bia", "enterprises.show", "/v1/enterprises/emporium")
    await one.show("ana", "enterprises.list", "/v1/enterprises?status=outside")
    await one.ask("steward", "enterprises.remove", "/v1/enterprises/zeta/remove", {})
    await one.ask("steward", "", "/v1/enterprises", {"handle": "zeta", "status": "outside"})
    buys = {"buyer": "emporium", "item": "cleaning", "supplier": "zeta", "value": whole(1_600), "quantity": "400 l"}
    bought = await one.ask("steward", "supply.create", "/v1/supply", buys)
    path = f"/v1/supply/{bought['id']}"
    await one.ask("steward", "supply.correct", f"{path}/correct", buys | {"value": whole(1_500), "period": 202611})
    await one.show("steward", "supply.show", path)
    await one.show("steward", "supply.list", "/v1/supply?buyer=emporium")
    await one.ask("steward", "supply.remove", f"{path}/remove", {})
    await one.show("steward", "supply.paid", "/v1/supply/paid")
    soap = {
        "item": "cleaning", "pledged": "60%", "buys": [{"item": "various", "share": "50%"}], "wages": "35%",
        "surplus": "15%", "investment": whole(2_700),
    }  # fmt: skip
    await one.ask("steward", "recipes.create", "/v1/recipes", soap | {"handle": "soap"})
    await one.ask("steward", "recipes.correct", "/v1/recipes/soap/correct", soap | {"pledged": "0.5"})
    for state in ("wanted", "matched", "trial"):
        await one.ask("steward", "recipes.move", "/v1/recipes/soap/move", {"to": state})
    await one.ask("steward", "recipes.fulfil", "/v1/recipes/soap/fulfil", {})
    await one.show("ana", "recipes.show", "/v1/recipes/soap")
    await one.ask("steward", "recipes.remove", "/v1/recipes/soap/remove", {})
    labour = {"enterprise": "zeta", "criterion": "labour", "value": "0.8", "day": "2026-11-30", "source": "a report"}
    await one.ask("steward", "criteria.create", "/v1/criteria", labour)
    await one.show("ana", "criteria.show", "/v1/criteria/zeta.labour")
    await one.ask("steward", "criteria.remove", "/v1/criteria/zeta.labour/remove", {})
    sheet = b"buyer,item,supplier,quantity,unit,value\nemporium,cleaning,zeta,400,l,1600\n"
    taken = await one.ask("steward", "chain-sheets.take", "/v1/chain-sheets", {"relations": bytes_text(sheet)})
    await one.show("steward", "chain-sheets.show", f"/v1/chain-sheets/{taken['id']}")
    await one.ask("steward", "", "/v1/recipes", soap | {"handle": "soap"})
    await one.ask("steward", "", "/v1/criteria", labour)
    await figures_of_the_chain(one)
    await one.show("ana", "chains.picture", "/v1/chains/picture?which=map&width=360&language=pt")
    await one.show("ana", "chains.sheet", "/v1/chains/sheet?fund=8000")
    await one.show("steward", "chains.flows", "/v1/chains/flows")


async def figures_of_the_chain(one: Trial) -> None:
    asked = {
        "shares": "", "leaks": "?most=5", "retained": "", "missing-links": "?income=700", "reinvest": "?fund=3000",
        "calendar": "?months=6", "simulate": "?candidates=soap%3D0.5", "fragility": "",
    }  # fmt: skip
    for what, query in asked.items():
        await one.show("ana", f"chains.{what}", f"/v1/chains/{what}{query}")
    await one.ask("ana", "chains.least-bad", "/v1/chains/least-bad", {"weights": "labour=.7,ecology=.3"})


async def backed(one: Trial) -> None:
    """Do what groups do beside payments; it is told in a file of its own."""
    from tests.node.http.tried_campaigns import try_campaigns
    from tests.node.http.tried_clubs import try_clubs
    from tests.node.http.tried_credit import try_credit
    from tests.node.http.tried_fairtrade import try_fairtrade
    from tests.node.http.tried_marks import try_marks
    from tests.node.http.tried_purchasing import try_purchasing

    await try_credit(one)
    await try_purchasing(one)
    await try_clubs(one)
    await try_marks(one)
    await try_campaigns(one)
    await try_fairtrade(one)


async def by_laws(one: Trial) -> None:
    """Change rules as the group, its committee and its members do; it is told in a file of its own."""
    from tests.node.http.tried_bylaws import try_bylaws

    await try_bylaws(one)


async def departures(one: Trial) -> None:
    await one.ask("dora", "members.leave", "/v1/members/dora/leave", {"erase": True})
    back = await one.ask("steward", "", "/v1/invitations", {"back": "dora"})
    await one.ask("", "members.return", "/v1/members/dora/return", {"code": back["code"]})
    await one.show("steward", "tokens.list", "/v1/tokens")
    await one.show("steward", "tokens.show", "/v1/tokens/2")
    await one.show("", "node.show", "/v1/node")


async def lending(one: Trial) -> None:
    """A fund is voted for and lends to Ana, who repays."""
    loans = {"title": "Loans of the quarter", "currency": "HORA", "kind": "lending"}
    motions = [
        await one.ask("steward", "funds.create", "/v1/funds", loans),
        await one.ask("steward", "boards.seat", "/v1/boards/committee/seat", {"members": ["bia", "elio"]}),
    ]
    await carried(one, motions)
    fund = (await one.show("ana", "funds.list", "/v1/funds"))["items"][0]["id"]
    path = f"/v1/funds/{fund}"
    await one.ask("bia", "funds.pay", f"{path}/pay", {"amount": amount(150_00)})
    await one.ask("bia", "", f"{path}/pay", {"amount": amount(30_00), "part": "savings"})
    await one.ask("bia", "funds.withdraw", f"{path}/withdraw", {"amount": amount(10_00)})
    await one.show("bia", "funds.show", path)
    ana, bia, caio = [(await one.show("ana", "", f"/v1/members/{who}"))["id"] for who in ("ana", "bia", "caio")]
    asked = RequestLoan(
        parse_uuid(fund) or b"", Amount(100_00, "HORA", 2), 4, (bia, caio), LoanKind.PRODUCTIVE, 1_00, member=ana,
        loan=drawn_id(one.chance),
    )  # fmt: skip
    loan = await one.ask("ana", "loans.create", "/v1/loans", one.signed("loans.create", asked))
    path = f"/v1/loans/{loan['id']}"
    await one.ask("bia", "loans.vouch", f"{path}/vouch", {"member": "bia"})
    await one.ask("caio", "", f"{path}/vouch", {})
    await carried(one, [await one.ask("steward", "loans.approve", f"{path}/approve", {})])
    await one.ask("ana", "loans.disburse", f"{path}/disburse", {})
    name = parse_uuid(loan["id"]) or b""
    repaid = one.signed("loans.repay", RepayLoan(name, Amount(25_63, "HORA", 2)))
    await one.ask("ana", "loans.repay", f"{path}/repay", repaid)
    await one.ask("steward", "loans.charge", f"{path}/charge", {"fee": amount(1_00)})
    await one.ask("ana", "loans.ask", f"{path}/ask", one.signed("loans.ask", AskReschedule(name, 6)))
    await one.ask("steward", "loans.reschedule", f"{path}/reschedule", {})
    await one.ask("steward", "loans.write-off", f"{path}/write-off", {})
    await one.show("ana", "loans.show", path)
    await one.show("steward", "loans.list", "/v1/loans?state=current")
    await one.show("caio", "portfolios.list", "/v1/portfolios")
    await one.show("caio", "portfolios.show", f"/v1/portfolios/{fund}")
    from tests.node.http.tried_clubs import ethical

    await ethical(one, fund, loan["id"])
    other = {"fund": fund, "amount": amount(10_00), "months": 2, "vouchers": ["ana", "caio"]}
    other = (await one.ask("bia", "", "/v1/loans", other))["id"]
    await one.ask("bia", "loans.withdraw", f"/v1/loans/{other}/withdraw", {})
    await one.ask("steward", "funds.fill", f"/v1/funds/{fund}/fill", {"amount": amount(1_00)})
    await ended(one)
    await one.ask("steward", "funds.return", f"/v1/funds/{fund}/return", {"amount": amount(1_00)})


async def ended(one: Trial) -> None:
    """Let dues end that the group has voted for."""
    due = {"title": "Tea once more", "currency": "HORA", "amount": amount(1_00), "day": 1}
    await carried(one, [await one.ask("steward", "", "/v1/dues", due)])
    found = (await one.show("bia", "dues.list", "/v1/dues"))["items"][-1]
    await one.ask("steward", "dues.end", f"/v1/dues/{found['id']}/end", {})


async def carried(one: Trial, motions: list[Any]) -> None:
    """Let all who may vote for motions, and wait until the group has done what they wish."""
    for motion in motions:
        path, recused = f"/v1/motions/{motion['id']}", motion["recused"]
        if motion["electorate"] == "members" and "ana" not in recused:
            vote = one.signed("motions.vote", Vote(parse_uuid(motion["id"]) or b"", Ballot.YES))
            await one.ask("ana", "", f"{path}/vote", vote)
        voters = ("bia", "caio") if motion["electorate"] == "members" else ("bia", "elio")
        for who in voters:
            if who not in recused:
                await one.ask("steward", "", f"{path}/vote", {"ballot": "yes", "member": who})
    one.hour[0] += 8 * DAY_MS
    await one.sign_in("ana")
    for motion in motions:
        for _ in range(400):
            shown = await one.show("steward", "", f"/v1/motions/{motion['id']}")
            if shown["state"] not in ("open", "carried"):
                break
            await asyncio.sleep(0.05)
        assert shown["state"] == "executed", shown


def text_of(held: dict[str, Json]) -> str:
    """Return the examples as they stand in the file."""
    return json.dumps({name: told for name, told in held.items() if name}, indent=1, ensure_ascii=False) + "\n"


async def _main() -> None:
    with TemporaryDirectory() as folder:
        async with founded(Path(folder) / "riacho") as one:
            await try_all(one)
            sys.stdout.write(text_of(one.held))


if __name__ == "__main__":
    asyncio.run(_main())
