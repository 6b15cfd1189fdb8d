# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of a community bank: a reserve, what is issued and redeemed, and what is refused of it."""

from dataclasses import replace
from typing import Any

from riacho import DAY_MS, NODE, Riacho, hora

from protocol.book.members import Auth, MemberState
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.credit.liabilities import (
    LiabilitiesPublished,
    LiabilitiesSalted,
    PublishLiabilities,
)
from protocol.practices.credit.reserves.entries import (
    AskRedemption,
    AttestMove,
    Issued,
    MoveAttested,
    MoveCancelled,
    MoveTold,
    RedemptionAsked,
    ReserveOpened,
    TillMoved,
)
from protocol.practices.credit.reserves.moving import RESERVE_MINOR_MAX
from protocol.practices.credit.reserves.views import CancelMove, FillTill, IssueCurrency, OpenReserve, TellMove
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.money.currencies.entries import CurrencyKeptHome, DefaultsSet
from protocol.practices.money.currencies.views import CloseCurrency, CreateCurrency, KeepCurrencyHome
from protocol.practices.people.devices import AddKey
from protocol.practices.people.members.entries import Approved, LimitsSet, Opening
from protocol.practices.people.members.views import Approve, Resume, Suspend

NOTHING = bytes(16)
NOBODY = "B" * 16
HOUR_MS = 3_600_000


def palmas(minor: int) -> Amount:
    return Amount(minor, "PALMAS", 2)


def reais(minor: int) -> Amount:
    return Amount(minor, "BRL", 2)


def by_vote(told: Riacho, operation: str, wish: Any, subject: str = "") -> None:
    """Let as many as it takes vote for it, and pass the days until it is done."""
    motion = told.do(operation, wish, subject, "bia")
    name, book = parse_uuid(motion.id) or b"", told.world.nodes[NODE].replica.book
    signed = told.sign("motions.vote", Vote(name, Ballot.YES), "ana new")
    told.do("motions.vote", Brought(signed), motion.id, "ana")
    for member in [one for one in book.members.values() if one.state is MemberState.ACTIVE]:
        if member.auth is Auth.CUSTODIAL and member.handle not in motion.recused:
            told.do("motions.vote", Vote(name, Ballot.YES), motion.id, member.handle)
    told.world.now += 7 * DAY_MS
    told.world.tick(1)
    shown = told.do("motions.show", None, motion.id)
    assert shown.state == "executed", shown


def reserves(told: Riacho) -> None:
    """PALMAS are backed by reais, to which Ana and Fia attest; Bia gets some and gives a part of it back."""
    told.do("currencies.create", CreateCurrency("PALMAS", "Palmas", palmas(0)))
    for handle in ("ana", "bia", "caio", "alda"):
        told.do("members.approve", Approve("PALMAS"), handle)
    _refused_opening(told)
    opened = OpenReserve("PALMAS", "BRL", ("ana", "fia"), 2, fee_basis_points=2_00)
    by_vote(told, "reserves.open", opened)
    told.refuse("a reserve that there is", told.said(ReserveOpened), "DUPLICATE")
    _unbacked(told)
    _moves(told)
    _issued(told)
    _redeemed(told)
    _published(told)
    _kept_home(told)
    _closed(told)


def _refused_opening(told: Riacho) -> None:
    ana, fia = told.id_of("ana"), told.id_of("fia")
    fit = ReserveOpened("PALMAS", "BRL", 1, 1, 2_00, 48, (ana, fia), 2)
    for says, changed, code in (
        ("of no currency", {"currency": "NADA"}, "CURRENCY_UNKNOWN"),
        ("of the same name as its currency", {"state": "PALMAS"}, "MALFORMED"),
        ("with a custodian twice", {"custodians": (ana, ana)}, "MALFORMED"),
        ("with fewer custodians than it takes", {"custodians": (ana,)}, "MALFORMED"),
        ("kept by nobody", {"custodians": (ana, NOBODY)}, "MEMBER_UNKNOWN"),
        ("kept by who has left", {"custodians": (ana, told.id_of("tereza"))}, "MEMBER_NOT_ACTIVE"),
        ("that backs more than there is", {"num": 101, "den": 100}, "RATIO_ABOVE_RESERVE"),
        ("of a closed currency", {"currency": "SOL"}, "CURRENCY_CLOSED"),
        ("of a currency that somebody owes", {"currency": "HORA"}, "BALANCE_OPEN"),
        ("that nobody has voted for", {}, "MOTION_NEEDED"),
    ):
        told.refuse(f"a reserve {says}", replace(fit, **changed), code)


def _unbacked(told: Riacho) -> None:
    """In a guaranteed currency nobody may owe."""
    account = f"{told.id_of('bia')}.PALMAS"
    wila = told.id_of("wila")
    free = DefaultsSet("PALMAS", 0, None, any_balance=False, everyone=False)
    for says, body in (
        ("a limit", lambda least: LimitsSet(account, least, None)),
        ("a limit for those to come", lambda least: replace(free, least=least)),
        ("an account", lambda least: Approved(wila, (Opening("PALMAS", least, None),))),
    ):
        told.accept(f"{says} of zero in a guaranteed currency", body(0))
        told.refuse(f"{says} below zero in a guaranteed currency", body(-1), "CREDIT_NOT_BACKED")


def _attested(told: Riacho, move: bytes, by: str = "ana new") -> MoveAttested:
    return MoveAttested(told.sign("reserve-moves.attest", AttestMove(move), by))


def _moved(told: Riacho, minor: int, *, out: bool = False, by: tuple[str, ...] = ("ana new", "fia")) -> bytes:
    """Let state money come or leave, to which custodians attest."""
    name = told.do("reserve-moves.create", TellMove("PALMAS", reais(minor), out)).id
    move = parse_uuid(name) or NOTHING
    for one in by:
        signed = told.sign("reserve-moves.attest", AttestMove(move), one)
        told.do("reserve-moves.attest", Brought(signed), name, one.partition(" ")[0])
    return move


def _moves(told: Riacho) -> None:
    """1,000.00 come in and 100.00 leave; what nobody attests is cancelled."""
    move = _moved(told, 1_000_00)
    told.refuse("a movement that counts, attested", _attested(told, move), "STATE_CONFLICT")
    told.refuse("a movement that counts, cancelled", MoveCancelled(move), "STATE_CONFLICT")
    said = told.said(MoveTold)
    told.refuse("a movement that there is", said, "DUPLICATE")
    for currency, code in (("NADA", "CURRENCY_UNKNOWN"), ("HORA", "NOT_FOUND")):
        told.refuse(f"a movement in {currency}", replace(said, move=NOTHING, currency=currency), code)
    told.refuse("no movement, attested", _attested(told, NOTHING), "NOT_FOUND")
    told.refuse("no movement, cancelled", MoveCancelled(NOTHING), "NOT_FOUND")
    begun = _moved(told, 100_00, out=True, by=("ana new",))
    told.refuse("a movement attested by no custodian", _attested(told, begun, "elis new"), "NOT_CUSTODIAN")
    told.refuse("a movement attested twice", _attested(told, begun), "ATTESTED_TWICE")
    till = AddKey(told.id_of("fia"), told.joining("fia", "fia till"), 5_00)
    told.do("members.add-key", Brought(told.sign("members.add-key", till, "fia")), "fia", "fia")
    told.refuse("a movement attested by a key with a cap", _attested(told, begun, "fia till"), "FORBIDDEN")
    told.do("members.suspend", Suspend(), "fia")
    told.refuse("a movement attested by who is suspended", _attested(told, begun, "fia"), "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "fia")
    for minor, code in ((1_000_00, ""), (1_000_01, "RESERVE_SHORT")):
        leaves = _moved(told, minor, out=True, by=("ana new",))
        if code:
            told.refuse("a movement of more than is in the bank", _attested(told, leaves, "fia"), code)
        else:
            told.accept("a movement of all that is in the bank", _attested(told, leaves, "fia"))
    for minor, code in ((RESERVE_MINOR_MAX - 1_000_00, ""), (RESERVE_MINOR_MAX - 999_99, "AMOUNT_TOO_LARGE")):
        comes = _moved(told, minor, by=("ana new",))
        if code:
            told.refuse("a movement of more than can be counted", _attested(told, comes, "fia"), code)
        else:
            told.accept("a movement of all that can be counted", _attested(told, comes, "fia"))
    told.write(_attested(told, begun, "fia"))
    idle = told.do("reserve-moves.create", TellMove("PALMAS", reais(5_00))).id
    told.do("reserve-moves.cancel", CancelMove(), idle)
    told.refuse(
        "a movement that is cancelled, attested", _attested(told, parse_uuid(idle) or NOTHING), "STATE_CONFLICT"
    )


def _issued(told: Riacho) -> None:
    """Of the 900.00 that are backed Bia gets 300.00 and Ana 100.00."""
    bia, alda = f"{told.id_of('bia')}.PALMAS", f"{told.id_of('alda')}.PALMAS"
    for handle, minor in (("bia", 300_00), ("ana", 100_00)):
        told.do("reserves.issue", IssueCurrency(handle, palmas(minor)), "PALMAS")
    told.refuse("what is issued to nobody", Issued("nobody.PALMAS", 1), "ACCOUNT_UNKNOWN")
    told.refuse("what is issued without a reserve", Issued(told.account("bia"), 1), "NOT_FOUND")
    told.accept("all that is backed, issued", Issued(bia, 500_00))
    told.refuse("more than is backed, issued", Issued(bia, 500_01), "RIGHTS_EXHAUSTED")
    told.do("members.suspend", Suspend(), "alda")
    told.refuse("what is issued to who is suspended", Issued(alda, 1), "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "alda")
    move = _moved(told, 500_01, out=True, by=("ana new",))
    told.refuse("a movement that leaves less than what is out", _attested(told, move, "fia"), "RIGHTS_EXHAUSTED")


def _redeemed(told: Riacho) -> None:
    """50.00 are paid at once and 80.00 wait, until the till is filled; what is promised has an hour."""
    for body, code in (
        (TillMoved("NADA", 1), "CURRENCY_UNKNOWN"),
        (TillMoved("HORA", 1), "NOT_FOUND"),
        (TillMoved("PALMAS", 0), "AMOUNT_NOT_POSITIVE"),
        (TillMoved("PALMAS", 900_01), "RESERVE_SHORT"),
        (TillMoved("PALMAS", -1), "RESERVE_SHORT"),
    ):
        told.refuse(f"a till of {body.currency} filled with {body.amount}", body, code)
    told.accept("all that is in the bank, to the till", TillMoved("PALMAS", 900_00))
    told.do("reserves.fill-till", FillTill(reais(49_00)), "PALMAS")
    told.accept("all that is in the till, to the bank", TillMoved("PALMAS", -49_00))
    bia = f"{told.id_of('bia')}.PALMAS"
    told.do("redemptions.create", AskRedemption(palmas(50_00), bia), who="bia")
    told.do("redemptions.create", AskRedemption(palmas(80_00), bia), who="bia")
    waits = told.said(RedemptionAsked).word
    assert waits is not None
    due_ms = told.world.now + 48 * HOUR_MS
    told.accept("what is issued in the hour that was promised", Issued(bia, 1), due_ms)
    told.refuse("what is issued while somebody waits too long", Issued(bia, 1), "REDEMPTION_OVERDUE", due_ms + 1)
    _refused_redemptions(told, waits)
    told.do("reserves.fill-till", FillTill(reais(78_40)), "PALMAS")
    ana = AskRedemption(palmas(10_00), f"{told.id_of('ana')}.PALMAS", drawn_id(told.world.rng.randbytes))
    told.do("redemptions.create", Brought(told.sign("redemptions.create", ana, "ana new")), who="ana")
    told.do("reserves.fill-till", FillTill(reais(20_00)), "PALMAS")


def _refused_redemptions(told: Riacho, waits: AskRedemption) -> None:
    fit = replace(waits, redemption=NOTHING)
    for says, changed, code in (
        ("that there is", {"redemption": waits.redemption}, "DUPLICATE"),
        ("of no account", {"account": "nobody.PALMAS"}, "ACCOUNT_UNKNOWN"),
        ("without a reserve", {"account": told.account("bia"), "amount": hora(1)}, "NOT_FOUND"),
        ("by word of who has a key", {"account": f"{told.id_of('ana')}.PALMAS"}, "FORBIDDEN"),
        ("in another currency", {"amount": hora(1)}, "CURRENCY_MISMATCH"),
        ("of a part of the smallest", {"amount": Amount(1, "PALMAS", 3)}, "SCALE_EXCEEDED"),
        ("of nothing", {"amount": palmas(0)}, "AMOUNT_NOT_POSITIVE"),
        ("of more than can be", {"amount": Amount(2**62, "PALMAS", 0)}, "AMOUNT_TOO_LARGE"),
    ):
        told.refuse(f"a redemption {says}", RedemptionAsked(None, replace(fit, **changed)), code)
    told.do("members.suspend", Suspend(), "bia")
    told.refuse("a redemption of who is suspended", RedemptionAsked(None, fit), "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "bia")


def _published(told: Riacho) -> None:
    """What is out is published, and each node reckons it anew."""
    for currency, code in (("NADA", "CURRENCY_UNKNOWN"), ("HORA", "NOT_FOUND")):
        told.refuse(f"salts of a total in {currency}", LiabilitiesSalted(currency, bytes(32)), code)
        total = LiabilitiesPublished(currency, 0, 0, bytes(32))
        told.refuse(f"a total in {currency}", total, code)
    told.do("liabilities.publish", PublishLiabilities("PALMAS"))
    said = told.said(LiabilitiesPublished)
    told.refuse("a total whose salts are not those before it", said, "ORDER_MISMATCH")
    told.write(LiabilitiesSalted("PALMAS", told.said(LiabilitiesSalted).seed))
    told.accept("a total right after its salts", said)
    for changed in ({"total": said.total + 1}, {"holders": said.holders + 1}, {"root": bytes(32)}):
        wrong = replace(said, **changed)
        told.refuse(f"a total with another {next(iter(changed))}", wrong, "ORDER_MISMATCH")


def _closed(told: Riacho) -> None:
    """VIM is backed, though by nothing yet, and closed."""
    told.do("currencies.create", CreateCurrency("VIM", "Vim", Amount(0, "VIM", 2)))
    by_vote(told, "reserves.open", OpenReserve("VIM", "BRL", ("ana", "fia"), 2))
    told.do("currencies.close", CloseCurrency(), "VIM")
    told.refuse("a movement in a closed currency", MoveTold(NOTHING, "VIM", out=False, amount=1), "CURRENCY_CLOSED")


def _kept_home(told: Riacho) -> None:
    """LAR never leaves the network, by a vote."""
    told.do("currencies.create", CreateCurrency("LAR", "Lar", Amount(100_00, "LAR", 2)))
    kept = CurrencyKeptHome("LAR")
    told.refuse("a currency that nobody has voted to keep home", kept, "MOTION_NEEDED")
    by_vote(told, "currencies.keep-home", KeepCurrencyHome(), "LAR")
    told.refuse("a currency that is kept home", kept, "DUPLICATE")
