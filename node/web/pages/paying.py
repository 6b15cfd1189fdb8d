# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying: whom, how much, what for; the one confirmation; and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp.web import Response

from node.http.auth import allow
from node.http.problems import Denied
from node.web.bars import bar_of
from node.web.declared import OwnParts
from node.web.looks import moved_to
from node.web.pages.desk import DeclaredAnswer, PageDesk, PageHandlers, WhoShown
from node.web.pages.qr import qr_svg, read_short_code, short_code
from node.web.visits import PageRequest
from protocol.book.declaration import SIGNED_IN
from protocol.book.money import Amount
from protocol.book.payments import PaymentState
from protocol.book.refusals import NOT_FOUND
from protocol.book.requests import RequestState
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.between.quotes.most import MostShown, MostWanted
from protocol.practices.between.quotes.views import QuoteShown
from protocol.practices.money.accounts import AccountShown, StatementWanted
from protocol.practices.money.payments.views import PaymentShown
from protocol.wire.keys import parse_id

PAID_BEFORE_SHOWN = 5
LINES_LOOKED_AT = 60
PASSED_ON = ("payee", "amount", "amount.unit", "note", "request")
"""What the address behind a QR code may bear."""
ASKED_CHARS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class PaidBefore:
    """Somebody who was paid before: one tap away."""

    who: WhoShown
    amount: Amount
    note: str
    at_ms: int
    href: str


@dataclass(frozen=True, slots=True)
class WayStep:
    """A network on a payment's way, and what is paid there, where its unit is known."""

    name: str
    tile: str
    amount: Amount | None


class PayPages:
    """The page to pay, what its confirmation says, and the receipt of a payment."""

    def __init__(self, desk: PageDesk, generic: DeclaredAnswer) -> None:
        self._desk = desk
        self._generic = generic

    def handlers(self) -> PageHandlers:
        """Return what answers by method and path."""
        return {("GET", "/pay"): self._pay}

    async def _pay(self, visit: PageRequest) -> Response:
        allow(visit.actor, SIGNED_IN, "payments:write")
        code = visit.query.get("code", "").strip()[:ASKED_CHARS_MAX]
        if code:
            return moved_to(self._meant_by(code))
        return await self._generic(visit, ["payments", "create"])

    def _meant_by(self, code: str) -> str:
        """Return where a code leads: one that was read aloud, or what a QR code holds; raises Denied."""
        short = read_short_code(code)
        if short is not None:
            requests = self._desk.book().requests
            found = next((one for one in requests.values() if _is_open(one) and short_code(one.id) == short), None)
            if found is None:
                raise Denied(NOT_FOUND)
            return f"/payment-requests/{uuid_text(found.id)}/pay"
        if code.startswith("mutirao:"):
            return f"/pay?{urlencode({'payee': code})}"
        asked = dict(parse_qsl(urlsplit(code).query))
        request = parse_uuid(asked.get("request", ""))
        if request is not None and request in self._desk.book().requests:
            return f"/payment-requests/{uuid_text(request)}/pay"
        told = {name: asked[name] for name in PASSED_ON if name in asked}
        if "payee" not in told:
            raise Denied(NOT_FOUND)
        return f"/pay?{urlencode(told)}"

    def parts(self) -> Mapping[str, OwnParts]:
        """Return what these pages need, by template."""
        return {
            "payments/create": self._form_parts,
            "payments/create-confirm": self._confirm_parts,
            "payments/record": self._record_parts,
        }

    async def _form_parts(self, visit: PageRequest, parts: Mapping[str, Any]) -> Mapping[str, Any]:
        accounts = await self._desk.accounts(visit)
        payee = next((one.value for one in parts["fields"] if one.name == "payee"), "")
        figures = (parts["refused"] or {}).get("figures", {})
        available = figures.get("available")
        typed = {one.name: one.value for one in parts["fields"]}
        is_abroad = "@" in payee or ":" in payee
        return {
            "accounts": accounts,
            "own_unit": accounts[0].currency if accounts and not is_abroad else "",
            "before": await self._paid_before(visit, accounts),
            "payee": await self._desk.who(visit, payee) if payee else None,
            "most": await self._most(visit, payee) if payee else None,
            "fits": self._fits(visit, typed, accounts, available) if isinstance(available, int) else None,
        }

    def _fits(
        self, visit: PageRequest, typed: Mapping[str, str], accounts: Sequence[AccountShown], available: int
    ) -> tuple[Amount, str, Any] | None:
        """Return what could be paid now, where that leads, and the bar of the wish that was too much."""
        account = accounts[0] if len(accounts) == 1 else None
        if account is None or available <= 0:
            return None
        amount = Amount(available, account.currency, account.balance.asset_scale)
        query = {"payee": typed["payee"], "amount": visit.words.amount(amount), "note": typed.get("note", "")}
        return amount, f"/pay?{urlencode(query)}", bar_of(account, after=account.balance.value - available)

    async def _most(self, visit: PageRequest, payee: str) -> MostShown | None:
        found = await self._desk.runtime.ask("quotes.most", visit.actor, MostWanted(payee))
        return found if isinstance(found, MostShown) else None

    async def _paid_before(self, visit: PageRequest, accounts: Sequence[AccountShown]) -> list[PaidBefore]:
        """Return whom somebody has paid lately, each once, the last first."""
        found: dict[str, PaidBefore] = {}
        for account in accounts:
            wanted = StatementWanted(newest_first=True)
            lines = await self._desk.rows(visit, "accounts.entries", wanted, subject=account.id, limit=LINES_LOOKED_AT)
            for line in lines:
                address = line.counterpart or ""
                if line.kind not in ("payment", "hold") or line.amount.value >= 0 or not address or address in found:
                    continue
                href = f"/pay?{urlencode({'payee': address})}"
                who = await self._desk.who(visit, address)
                if who.address:  # the group's own accounts are nobody
                    found[address] = PaidBefore(who, line.amount, line.note or "", line.at, href)
                if len(found) == PAID_BEFORE_SHOWN:
                    break
        return sorted(found.values(), key=lambda one: -one.at_ms)[:PAID_BEFORE_SHOWN]

    async def _confirm_parts(self, visit: PageRequest, parts: Mapping[str, Any]) -> Mapping[str, Any]:
        quote: QuoteShown | None = parts["quote"]
        if quote is None:
            return {"account": None, "who": None, "way": (), "bar": None, "after": None}
        account = await self._desk.ask(visit, "accounts.show", subject=quote.payer)
        after = account.balance.value - quote.debit.value
        return {
            "account": account,
            "who": await self._desk.who(visit, quote.payee_handle),
            "way": self._way(quote),
            "bar": bar_of(account, after=after),
            "after": Amount(after, account.currency, account.balance.asset_scale),
            "left": None
            if account.headroom is None
            else Amount(account.headroom.value - quote.debit.value, account.currency, account.balance.asset_scale),
        }

    def _way(self, quote: QuoteShown) -> Sequence[WayStep]:
        """Return the networks that a payment passes, this one first; none where it stays here."""
        if len(quote.paths) != 1:
            return ()
        hops = quote.paths[0].hops
        if not hops:
            return ()
        book = self._desk.book()
        last = len(hops) - 1
        own = WayStep(book.handle or "", "/tile.svg", quote.debit)
        steps = [
            WayStep(hop.handle or hop.network[:8], f"/tiles/{hop.network}.svg", quote.amount if place == last else None)
            for place, hop in enumerate(hops)
        ]
        return [own, *steps]

    async def _record_parts(self, visit: PageRequest, parts: Mapping[str, Any]) -> Mapping[str, Any]:
        payment: PaymentShown = parts["item"]
        accounts = {one.id: one for one in await self._desk.accounts(visit)}
        own = accounts.get(payment.payer_account) or accounts.get(payment.payee_account)
        code = short_code(parse_uuid(payment.id) or b"")
        open_verbs = _VERBS.get(payment.state, ())
        return {
            "acts": [one for one in parts["acts"] if one in open_verbs],
            "payer": await self._desk.who(visit, payment.payer),
            "payee": await self._desk.who(visit, payment.payee),
            "own": own,
            "is_payer": payment.payer_account in accounts,
            "way": [self._desk.tile_of(one) or f"/tiles/{one}.svg" for one in payment.route if parse_id(one)],
            "code": code,
            "qr": qr_svg(f"{visit.origin}/payments/{payment.id}"),
        }


_VERBS = {PaymentState.PENDING: ("post", "void"), PaymentState.POSTED: ("reverse",)}


def _is_open(request: Any) -> bool:
    return request.state is RequestState.OPEN
