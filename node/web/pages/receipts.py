# SPDX-License-Identifier: AGPL-3.0-or-later
"""Receipts: kept as a file, and checked by anybody, with nothing but the receipt itself."""

import asyncio
import json
from collections.abc import Callable
from functools import cached_property

from aiohttp.web import Response

from node.http.auth import TokenGate
from node.http.components import Misread
from node.http.problems import Denied
from node.http.schema import form
from node.http.values import bytes_text
from node.web.pages.desk import PageDesk, PageHandlers
from node.web.visits import PageRequest
from protocol.book.declaration import Role
from protocol.book.refusals import NOT_FOUND
from protocol.book.signed import parse_uuid, uuid_text
from protocol.lanes.directory import Directory
from protocol.practices import PRACTICES
from protocol.practices.money.receipts import ReceiptFault, Verdict, verify_receipt
from protocol.wire.keys import id_text

FILE_HEADERS = {
    "Server": "mutirao",
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class ReceiptPages:
    """A receipt as a file, and the page where receipts are checked."""

    def __init__(self, desk: PageDesk, gate: TokenGate) -> None:
        self._desk = desk
        self._gate = gate

    def handlers(self) -> PageHandlers:
        """Return what answers by method and path."""
        return {
            ("GET", "/receipts/check"): self._ask,
            ("POST", "/receipts/check"): self._check,
            ("GET", "/receipts/file/*"): self._file,
        }

    @cached_property
    def _kinds(self) -> dict[str, type]:
        return {kind.KIND: kind for practice in PRACTICES for kind in practice.entries}

    async def _file(self, visit: PageRequest) -> Response:
        name = visit.path.rpartition("/")[2]
        id = parse_uuid(name)
        if id is None:
            raise Denied(NOT_FOUND)
        shown = await self._desk.ask(visit, "receipts.show", subject=uuid_text(id))
        told = {"payment": shown.payment, "network": shown.network, "document": bytes_text(shown.document)}
        return Response(
            body=json.dumps(told, indent=1).encode(),
            headers={**FILE_HEADERS, "Content-Disposition": f'attachment; filename="{name}.receipt"'},
        )

    async def _ask(self, visit: PageRequest) -> Response:
        return self._show(visit, None, "")

    async def _check(self, visit: PageRequest) -> Response:
        if visit.actor.role is Role.ANYONE:
            self._gate.admit_stranger(visit.address)
        sent = visit.files.get("file", b"")
        typed = visit.first("receipt")
        document = receipt_in(sent) if sent else receipt_in(typed.encode())
        verdict = await asyncio.to_thread(verify_receipt, document, self._kinds)
        return self._show(visit, verdict, typed)

    def _show(self, visit: PageRequest, verdict: Verdict | None, typed: str) -> Response:
        attested = None if verdict is None else verdict.attested
        known = None if attested is None else self._desk.book().of(Directory).networks.get(attested.network)
        return self._desk.looks.show(
            "receipts/check.html",
            visit,
            verdict=verdict,
            attested=attested,
            payment="" if attested is None else uuid_text(attested.payment),
            attesting="" if attested is None else id_text(attested.network),
            known=None if known is None or known.profile is None else known.profile.handle,
            is_own=attested is not None and attested.network == self._desk.book().network,
            order=None if verdict is None else verdict.order,
            faults=[] if verdict is None else [_TOLD[one](visit) for one in verdict.faults],
            typed=typed,
        )


def receipt_in(sent: bytes) -> bytes:
    """Return a receipt as it is kept: its bytes, its base64url, or the JSON that the API shows; empty where none is."""
    plain = sent.strip()
    try:
        if plain.startswith(b"{"):
            return _read(str(json.loads(plain)["document"]))
        if plain.isascii() and plain.decode("ascii").replace("-", "").replace("_", "").isalnum():
            return _read(plain.decode("ascii"))
    except (ValueError, LookupError, TypeError, RecursionError, Misread):
        return b""
    return sent


_read = form(bytes).read
_TOLD: dict[ReceiptFault, Callable[[PageRequest], str]] = {
    ReceiptFault.UNREADABLE: lambda visit: visit.words.say("This is no receipt, or a part of it is missing."),
    ReceiptFault.IDENTITY_INVALID: lambda visit: visit.words.say("Its keys are not those of any network."),
    ReceiptFault.NETWORK_MISMATCH: lambda visit: visit.words.say("It is of another network than it says."),
    ReceiptFault.ATTESTATION_INVALID: lambda visit: visit.words.say("The network has not signed what stands in it."),
    ReceiptFault.ENTRY_INVALID: lambda visit: visit.words.say("An entry in it is not the network's own."),
    ReceiptFault.PAYMENT_MISSING: lambda visit: visit.words.say("The payment of which it speaks is not in it."),
    ReceiptFault.ORDER_INVALID: lambda visit: visit.words.say("The payment was not signed by the key that it names."),
    ReceiptFault.KEY_UNPROVEN: lambda visit: visit.words.say("Nothing shows that the key is the payer's."),
    ReceiptFault.PREIMAGE_MISSING: lambda visit: visit.words.say("Nothing shows that it arrived in the other network."),
}
