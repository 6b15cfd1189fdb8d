# SPDX-License-Identifier: AGPL-3.0-or-later
"""Receiving: asking to be paid, and what is held out for it, a QR code and a short code."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp.web import Response

from node.http.auth import allow
from node.web.declared import OwnParts
from node.web.pages.desk import DeclaredAnswer, PageDesk, PageHandlers
from node.web.pages.qr import qr_svg, short_code
from node.web.visits import PageRequest
from protocol.book.declaration import SIGNED_IN
from protocol.book.requests import RequestState
from protocol.book.signed import parse_uuid
from protocol.practices.money.requests.views import RequestShown, RequestsWanted
from protocol.wire.keys import id_text

OPEN_SHOWN = 10


class ReceivePages:
    """The page to receive, and a request as it is shown to who pays it."""

    def __init__(self, desk: PageDesk, generic: DeclaredAnswer) -> None:
        self._desk = desk
        self._generic = generic

    def handlers(self) -> PageHandlers:
        """Return what answers by method and path."""
        return {("GET", "/receive"): self._receive}

    def parts(self) -> Mapping[str, OwnParts]:
        """Return what these pages need, by template."""
        return {"payment-requests/create": self._form_parts, "payment-requests/record": self._record_parts}

    async def _receive(self, visit: PageRequest) -> Response:
        allow(visit.actor, SIGNED_IN, "payment-requests:write")
        return await self._generic(visit, ["payment-requests", "create"])

    async def _form_parts(self, visit: PageRequest, parts: Mapping[str, Any]) -> Mapping[str, Any]:
        del parts
        accounts = await self._desk.accounts(visit)
        account = accounts[0] if accounts else None
        wanted = RequestsWanted(state=RequestState.OPEN)
        asked = await self._desk.rows(visit, "payment-requests.list", wanted, limit=OPEN_SHOWN)
        own = {one.id for one in accounts}
        address = "" if account is None else f"mutirao:{id_text(self._desk.book().network)}/{account.id}"
        return {
            "account": account,
            "address": None if account is None else f"{account.name}@{self._desk.book().handle}",
            "qr": "" if account is None else qr_svg(f"{visit.origin}/pay?{urlencode({'payee': address})}"),
            "asked": [one for one in asked if one.payee_account in own],
        }

    async def _record_parts(self, visit: PageRequest, parts: Mapping[str, Any]) -> Mapping[str, Any]:
        request: RequestShown = parts["item"]
        left = request.left
        account = f"mutirao:{id_text(self._desk.book().network)}/{request.payee_account}"
        figure = f"{left.value / 10**left.asset_scale:.{left.asset_scale}f}"
        held_out = {
            "payee": account,
            "amount": figure,
            "amount.unit": left.asset_code or "",
            "request": request.id,
        }
        return {
            "payee": await self._desk.who(visit, request.payee),
            "payer": None if request.payer is None else await self._desk.who(visit, request.payer),
            "is_payee": request.payee_account in {one.id for one in await self._desk.accounts(visit)},
            "code": short_code(parse_uuid(request.id) or b""),
            "qr": qr_svg(f"{visit.origin}/pay?{urlencode(held_out)}"),
        }
