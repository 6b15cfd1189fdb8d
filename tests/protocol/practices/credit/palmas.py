# SPDX-License-Identifier: AGPL-3.0-or-later
"""A community bank at its desk: PALMAS backed by state money, to which three custodians attest, two at least."""

from typing import Any

from protocol.book.errands import Errand
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.credit.kiosks.offline import KioskTold, OfflineKiosk
from protocol.practices.credit.kiosks.statements import RedemptionSlip, SignedSlip, sign_slip
from protocol.practices.credit.kiosks.views import FillKioskTill, RegisterKiosk, SendRights, SyncKiosk
from protocol.practices.credit.reserves.entries import AskRedemption, AttestMove
from protocol.practices.credit.reserves.state import Reserve, Reserves, outstanding_minor
from protocol.practices.credit.reserves.views import FillTill, IssueCurrency, OpenReserve, TellMove
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from tests.protocol.practices.desk import DAY_MS, NETWORK, Group, keys_of

CUSTODIANS = ("ana", "bia", "caio")


def palmas(minor: int) -> Amount:
    return Amount(minor, "PALMAS", 2)


def reais(minor: int) -> Amount:
    return Amount(minor, "BRL", 2)


def opening(**changed: Any) -> OpenReserve:
    terms: dict[str, Any] = {"currency": "PALMAS", "state": "BRL", "custodians": CUSTODIANS, "needed": 2, **changed}
    return OpenReserve(**terms)


def carried(group: Group, motion: str, *handles: str) -> MotionState:
    """Let members vote yes, wait for the motion's end, and return what has become of it."""
    for handle in handles:
        vote = Vote(parse_uuid(motion) or b"", Ballot.YES, group.member(handle).id)
        group.do(handle, "motions.vote", Brought(group.sign("motions.vote", vote, keys_of(handle))), motion)
    group.pass_time(group.now + 7 * DAY_MS)
    return group.view("ana", "motions.show", motion).state


def founded(**changed: Any) -> Group:
    """Return a bank whose members have voted for its reserve."""
    group = Group()
    group.currency("PALMAS", limit=0)
    group.admit(*CUSTODIANS, "dora", "elio")
    motion = group.do("steward", "reserves.open", opening(**changed))
    assert carried(group, motion.id, "ana", "bia", "dora") is MotionState.EXECUTED
    return group


def attested(group: Group, move: str, handle: str) -> Any:
    """Let a custodian attest by its key; returns what is shown, or the refusal."""
    wish = AttestMove(parse_uuid(move) or b"")
    return group.ask(
        handle, "reserve-moves.attest", Brought(group.sign("reserve-moves.attest", wish, keys_of(handle))), move
    )


def deposited(group: Group, minor: int, *, out: bool = False) -> str:
    """Let state money come into the reserve, or leave it, attested by two; returns the movement's id."""
    name = group.do("steward", "reserve-moves.create", TellMove("PALMAS", reais(minor), out)).id
    for handle in ("ana", "bia"):
        attested(group, name, handle)
    return name


def issued(group: Group, handle: str, minor: int) -> Any:
    return group.ask("steward", "reserves.issue", IssueCurrency(handle, palmas(minor)), "PALMAS")


def filled(group: Group, minor: int) -> Any:
    return group.ask("steward", "reserves.fill-till", FillTill(reais(minor)), "PALMAS")


def redeemed(group: Group, handle: str, minor: int) -> Any:
    """Let a member give currency back, by its key."""
    wish = AskRedemption(palmas(minor), group.account(handle, "PALMAS").id, drawn_id(group.chance))
    return group.ask(handle, "redemptions.create", Brought(group.sign("redemptions.create", wish, keys_of(handle))))


def errands_of_the_week(group: Group) -> list[Errand]:
    """Return what the practice puts on the list of those who coordinate."""
    return [
        one
        for feature in group.book.practices
        if feature.name == "reserves" and feature.week
        for one in feature.week(group.desk())
    ]


def reserve_in(group: Group) -> Reserve:
    return group.book.of(Reserves).by_currency["PALMAS"]


def outstanding(group: Group) -> int:
    return outstanding_minor(group.book, "PALMAS")


# Kiosks.


def told_of(group: Group, kiosk: str) -> KioskTold:
    """Return what the network tells a kiosk of itself."""
    shown = group.view("steward", "kiosks.show", kiosk)
    num, _, den = shown.ratio.partition(":")
    return KioskTold(
        network=NETWORK,
        kiosk=parse_uuid(shown.id) or b"",
        currency=shown.reserve,
        scale=2,
        num=int(num),
        den=int(den),
        fee=shown.fee_basis_points,
        place=shown.place,
        head=shown.head or b"",
        given_minor=shown.given.value,
        rights_minor=shown.rights.value,
        till_minor=shown.till.value,
        till_filled_minor=shown.till_filled.value,
    )


def kiosk_of(group: Group, name: str, rights_minor: int = 0, till_minor: int = 0) -> OfflineKiosk:
    """Register a kiosk, send it rights and state money, and return it as it is out of reach."""
    keys = keys_of(name)
    kiosk = group.do("steward", "kiosks.register", RegisterKiosk("PALMAS", name, keys.public)).id
    if rights_minor:
        group.do("steward", "kiosks.send", SendRights(palmas(rights_minor)), kiosk)
    if till_minor:
        group.do("steward", "kiosks.fill-till", FillKioskTill(reais(till_minor)), kiosk)
    return OfflineKiosk(keys, told_of(group, kiosk))


def synced(group: Group, kiosk: OfflineKiosk) -> Any:
    """Bring a kiosk's statements to the network; returns what is shown, or the refusal."""
    return group.ask("steward", "kiosks.sync", SyncKiosk(kiosk.signed), uuid_text(kiosk.told.kiosk))


def slip_of(group: Group, handle: str, minor: int, by: str | None = None) -> SignedSlip:
    """Return what a member signs to give currency back at a kiosk, within a day."""
    keys = keys_of(by or handle)
    account = group.account(handle, "PALMAS").id
    slip = RedemptionSlip(NETWORK, account, minor, drawn_id(group.chance), keys.public, group.now + DAY_MS)
    return sign_slip(keys, slip)
