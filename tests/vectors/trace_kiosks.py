# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of kiosks: rights that are sent, statements that are taken in, one that has forked."""

from dataclasses import replace
from typing import Any

from riacho import NODE, Riacho, key
from trace_reserves import palmas, reais

from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.credit.kiosks.entries import (
    KioskForked,
    KioskRegistered,
    KioskSynced,
    KioskTillMoved,
    RightsSent,
)
from protocol.practices.credit.kiosks.statements import (
    KioskAct,
    KioskStatement,
    RedemptionSlip,
    SignedStatement,
    sign_slip,
    sign_statement,
    statement_digest,
)
from protocol.practices.credit.kiosks.views import FillKioskTill, RegisterKiosk, SendRights, SyncKiosk
from protocol.practices.credit.reserves.state import NODE as RESERVE_NODE
from protocol.practices.credit.reserves.state import Reserves

NOTHING = bytes(16)


class Booth:
    """A kiosk out of reach, as its statements stand."""

    def __init__(self, told: Riacho, name: str) -> None:
        self.told, self.keys = told, key(f"{name} kiosk")
        shown = told.do("kiosks.register", RegisterKiosk("PALMAS", name, self.keys.public))
        self.id = parse_uuid(shown.id) or NOTHING
        self.place, self.prev = 0, None

    def sign(self, act: KioskAct, minor: int, by: str = "", **changed: Any) -> SignedStatement:
        """Return its next statement, or one that differs from it in some fields."""
        account = None if act is KioskAct.SEND else "bia"
        said = KioskStatement(
            self.told.network, self.id, self.place + 1, self.prev, act, minor, account, None, None, self.told.world.now
        )
        return sign_statement(key(by) if by else self.keys, replace(said, **changed))

    def took(self, signed: SignedStatement) -> SignedStatement:
        """Go on after a statement."""
        self.place, self.prev = self.place + 1, statement_digest(signed.data)
        return signed

    def sync(self, *statements: SignedStatement) -> None:
        self.told.do("kiosks.sync", SyncKiosk(statements), uuid_text(self.id))


def kiosks(told: Riacho) -> None:
    """A kiosk at the market issues and pays; the other one is copied, and frozen with the proof."""
    market, harbour = Booth(told, "market"), Booth(told, "harbour")
    _refused_registering(told)
    for one in (market, harbour):
        told.do("kiosks.send", SendRights(palmas(60_00)), uuid_text(one.id))
        told.do("kiosks.fill-till", FillKioskTill(reais(30_00)), uuid_text(one.id))
    _refused_filling(told, market)
    first = market.took(market.sign(KioskAct.ISSUE, 20_00))
    strange = market.took(market.sign(KioskAct.ISSUE, 1_00, account="nobody"))
    back = market.took(market.sign(KioskAct.PAY, 5_00))
    market.sync(first, strange, back)
    for act in (KioskAct.ISSUE, KioskAct.PAY):  # Caio gives back just all that he has
        market.sync(market.took(market.sign(act, 3_00, account="caio")))
    ana = f"{told.id_of('ana')}.PALMAS"
    for at_ms in (told.world.now, told.world.now - 1):  # the slip of the second holds no more
        slip = RedemptionSlip(told.network, ana, 2_00, bytes([market.place]) * 16, key("ana new").public, at_ms)
        paid = market.sign(KioskAct.PAY, 2_00, account=ana, slip=sign_slip(key("ana new"), slip))
        market.sync(market.took(paid))
    market.sync(market.took(market.sign(KioskAct.PAY, 1_00, account=ana)))  # a member with a key gives nothing by word
    market.sync(market.took(market.sign(KioskAct.SEND, 3_00, to=harbour.id)))
    market.sync(market.took(market.sign(KioskAct.SEND, 2_00)))
    _refused_statements(told, market, harbour, back)
    _forked(told, harbour, market)


def _refused_registering(told: Riacho) -> None:
    said = told.said(KioskRegistered)
    fit = replace(said, kiosk=NOTHING, name="third", key=key("third kiosk").public)
    for says, changed, code in (
        ("of no currency", {"currency": "NADA"}, "CURRENCY_UNKNOWN"),
        ("without a reserve", {"currency": "HORA"}, "NOT_FOUND"),
        ("whose key is none", {"key": bytes(32)}, "KEY_UNACCEPTABLE"),
        ("by another kiosk's key", {"key": said.key}, "KEY_TAKEN"),
        ("by a member's key", {"key": key("fia").public}, "KEY_TAKEN"),
        ("that there is", {"kiosk": said.kiosk}, "DUPLICATE"),
        ("of a name that there is", {"name": said.name}, "DUPLICATE"),
        ("without a name", {"name": " "}, "MALFORMED"),
    ):
        told.refuse(f"a kiosk {says}", replace(fit, **changed), code)


def _refused_filling(told: Riacho, market: Booth) -> None:
    reserve = told.world.nodes[NODE].replica.book.of(Reserves).by_currency["PALMAS"]
    rights, bank = reserve.rights.held(RESERVE_NODE), reserve.in_bank_minor
    told.refuse("no kiosk, sent rights", RightsSent(NOTHING, 1), "NOT_FOUND")
    told.accept("all rights, sent to a kiosk", RightsSent(market.id, rights))
    told.refuse("more than all rights, sent to a kiosk", RightsSent(market.id, rights + 1), "RIGHTS_EXHAUSTED")
    told.refuse("no kiosk, filled", KioskTillMoved(NOTHING, 1), "NOT_FOUND")
    told.refuse("a kiosk filled with nothing", KioskTillMoved(market.id, 0), "AMOUNT_NOT_POSITIVE")
    told.accept("a kiosk filled with all that is in the bank", KioskTillMoved(market.id, bank))
    told.refuse("a kiosk filled with more", KioskTillMoved(market.id, bank + 1), "RESERVE_SHORT")
    told.accept("a kiosk that gives all back", KioskTillMoved(market.id, -30_00))
    told.refuse("a kiosk that gives more back", KioskTillMoved(market.id, -30_01), "RESERVE_SHORT")


def _refused_statements(told: Riacho, market: Booth, harbour: Booth, back: SignedStatement) -> None:
    def refuse(says: str, code: str, *statements: SignedStatement, kiosk: bytes = market.id) -> None:
        told.refuse(f"a kiosk's statements {says}", KioskSynced(kiosk, statements), code)

    issue = KioskAct.ISSUE
    fit = market.sign(issue, 1)
    told.accept("a kiosk's next statement", KioskSynced(market.id, (fit,)))
    refuse("of no kiosk", "NOT_FOUND", fit, kiosk=NOTHING)
    refuse("of which there are none", "MALFORMED")
    refuse("whose bytes are none", "MALFORMED", replace(fit, data=b"\x00"))
    refuse("that issue to nobody", "MALFORMED", market.sign(issue, 1, account=None))
    refuse("that issue to a kiosk", "MALFORMED", market.sign(issue, 1, to=harbour.id))
    refuse("that send to an account", "MALFORMED", market.sign(KioskAct.SEND, 1, account="bia"))
    refuse("without the one before", "MALFORMED", market.sign(issue, 1, prev=None))
    refuse("for another network", "ORDER_MISMATCH", market.sign(issue, 1, network=bytes(32)))
    refuse("of another kiosk", "ORDER_MISMATCH", market.sign(issue, 1, kiosk=harbour.id))
    refuse("by another key", "SIGNATURE_INVALID", market.sign(issue, 1, "harbour kiosk"))
    refuse("taken in before", "DUPLICATE", back)
    refuse("with a gap", "KIOSK_GAP", market.sign(issue, 1, place=market.place + 2))
    refuse("that go on from another", "KIOSK_GAP", market.sign(issue, 1, prev=bytes(32)))
    shown = told.do("kiosks.show", None, uuid_text(market.id)).rights.value
    told.accept("a kiosk issues all its rights", KioskSynced(market.id, (market.sign(issue, shown),)))
    refuse("of more than its rights", "RIGHTS_EXHAUSTED", market.sign(issue, shown + 1))


def _forked(told: Riacho, harbour: Booth, market: Booth) -> None:
    issue = KioskAct.ISSUE
    first, second = harbour.sign(issue, 4_00), harbour.sign(issue, 6_00)
    harbour.sync(first)
    fit = KioskForked(harbour.id, first, second)
    for says, changed, code in (
        ("of no kiosk", {"kiosk": NOTHING}, "NOT_FOUND"),
        ("of another kiosk", {"second": market.sign(issue, 1, place=1, prev=None)}, "ORDER_MISMATCH"),
        ("by another key", {"second": harbour.sign(issue, 6_00, "market kiosk")}, "SIGNATURE_INVALID"),
        ("of one statement", {"second": first}, "MALFORMED"),
        ("at two places", {"second": harbour.sign(issue, 1, place=2, prev=statement_digest(first.data))}, "MALFORMED"),
        ("of which none stands", {"first": second, "second": harbour.sign(issue, 7_00)}, "MALFORMED"),
    ):
        told.refuse(f"a fork {says}", replace(fit, **changed), code)
    harbour.sync(second)
    told.refuse("a kiosk that has forked, sent rights", RightsSent(harbour.id, 1), "KIOSK_FROZEN")
    told.refuse("a kiosk that has forked, forked", fit, "KIOSK_FROZEN")
    told.refuse("a kiosk that has forked, heard", KioskSynced(harbour.id, (second,)), "KIOSK_FROZEN")
