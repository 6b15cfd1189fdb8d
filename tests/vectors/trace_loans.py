# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of loans: asked for, vouched for, decided, repaid, rescheduled, given up, refused."""

from dataclasses import replace
from typing import Any

from riacho import NODE, Riacho, hora
from trace_lending import NOTHING, decide, newest_fund

from protocol.book.money import Amount
from protocol.book.personal import text_digest
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.credit.funds import CreateFund, PayFund
from protocol.practices.credit.funds.entries import FundKind, FundPart
from protocol.practices.credit.funds.state import Fund
from protocol.practices.credit.loans.entries import (
    AskReschedule,
    GuarantorPart,
    LoanApproved,
    LoanCharged,
    LoanDisbursed,
    LoanKind,
    LoanRepaid,
    LoanRequested,
    LoanRescheduled,
    LoanVouched,
    LoanWithdrawn,
    LoanWrittenOff,
    RepayLoan,
    RequestLoan,
    RescheduleAsked,
    VouchForLoan,
)
from protocol.practices.credit.loans.instalments import EarlyRepayment, InterestMethod, day_text
from protocol.practices.credit.loans.state import today_of
from protocol.practices.credit.loans.views import (
    ApproveLoan,
    ChargeLoan,
    DisburseLoan,
    RescheduleLoan,
    WithdrawLoan,
    WriteOffLoan,
)
from protocol.practices.governance.boards import SeatMembers
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.governance.parameters import SetParameter

DAY_MS = 86_400_000


def loans(told: Riacho) -> None:
    """Neighbours lend to Ana; the bank to Nilo, who never repays, and for whom Olga stands."""
    bank = newest_fund(told, "HORA")
    for handle in ("nilo", "olga"):
        told.admit(handle, has_key=False)
    decide(told, "boards.seat", SeatMembers(("bia", "nilo")), "committee")
    for name in ("vouchers_min", "guarantors"):
        decide(told, "parameters.set", SetParameter("1"), f"loans.{name}")
    decide(told, "funds.create", CreateFund("neighbours", "HORA", FundKind.LENDING))
    fund = newest_fund(told)
    told.do("funds.pay", PayFund(fund.id, hora(30_00)), uuid_text(fund.id), "bia")
    _repaid(told, fund)
    _withdrawn(told, fund)
    _given_up(told, bank)
    for handle in ("nilo", "olga"):
        told.leave(handle)


def _committee(told: Riacho, operation: str, wish: Any, loan: bytes) -> None:
    """Let the committee decide: Bia and Nilo, as far as it is not about them."""
    motion = told.do(operation, wish, uuid_text(loan), "ana")
    for handle in ("bia", "nilo"):
        if handle not in motion.recused:
            told.do("motions.vote", Vote(parse_uuid(motion.id) or b"", Ballot.YES), motion.id, handle)
    told.world.now += 7 * DAY_MS
    told.world.tick(1)


def _ask(told: Riacho, fund: Fund, who: str, voucher: str, minor: int) -> bytes:
    """Ask for a loan by word of mouth."""
    wish = RequestLoan(fund.id, hora(minor), 10, (voucher,) if voucher else ())
    return parse_uuid(told.do("loans.create", wish, who=who).id) or b""


def _vouch(told: Riacho, loan: bytes, who: str, *, guarantee: bool = False) -> None:
    told.do("loans.vouch", VouchForLoan(loan, guarantee), uuid_text(loan), who)


def _repaid(told: Riacho, fund: Fund) -> None:
    """Ana borrows 20.00 at 1% over 3 months, is charged a fee, asks for other instalments and repays."""
    name, bia = drawn_id(told.world.rng.randbytes), told.id_of("bia")
    wish = RequestLoan(
        fund.id, hora(20_00), 3, (bia,), LoanKind.PRODUCTIVE, 1_00, InterestMethod.DECLINING, "2029-01-31",
        text_digest(bytes(16), "a loom"), None, name,
    )  # fmt: skip
    _refused_requests(told, wish)
    told.do("loans.create", Brought(told.sign("loans.create", wish, "ana new")), who="ana")
    told.refuse("a loan that there is", LoanRequested(told.sign("loans.create", wish, "ana new"), None), "DUPLICATE")
    _refused_vouching(told, name)
    _vouch(told, name, "bia")
    vouched = LoanVouched(None, VouchForLoan(name, member=bia))
    told.refuse("a loan for which enough vouch already", vouched, "STATE_CONFLICT")
    told.refuse("a loan on which the committee has not voted", LoanApproved(name), "MOTION_NEEDED")
    told.refuse("a loan that is paid out before it is approved", LoanDisbursed(name, "2029-01-31"), "STATE_CONFLICT")
    _committee(told, "loans.approve", ApproveLoan(), name)
    told.refuse("a loan that is approved twice", LoanApproved(name), "STATE_CONFLICT")
    told.refuse("a loan whose first day is none", LoanDisbursed(name, "2029-02-30"), "MALFORMED")
    told.refuse("a loan whose first day has passed", LoanDisbursed(name, "2020-01-31"), "MALFORMED")
    day = today_of(told.world.nodes[NODE].replica.book, told.world.now)
    today, tomorrow = day_text(day), day_text(day + 1)
    told.refuse("a loan whose first day is today", LoanDisbursed(name, today), "MALFORMED")
    told.refuse(
        "a loan whose first day is tomorrow, and not as agreed", LoanDisbursed(name, tomorrow), "ORDER_MISMATCH"
    )
    told.refuse("a loan whose first day is earlier than agreed", LoanDisbursed(name, "2029-01-30"), "ORDER_MISMATCH")
    told.accept("a loan whose first day is later than agreed", LoanDisbursed(name, "2029-02-01"))
    told.do("loans.disburse", DisburseLoan(), uuid_text(name))
    told.refuse("a loan that is withdrawn once it is paid out", LoanWithdrawn(name), "STATE_CONFLICT")
    _refused_repaying(told, name)

    def repay(minor: int, early: EarlyRepayment = EarlyRepayment.KEEP_INSTALMENT) -> None:
        wish = RepayLoan(name, hora(minor), early)
        told.do("loans.repay", Brought(told.sign("loans.repay", wish, "ana new")), uuid_text(name), "ana")

    told.refuse("a fee that the committee has not voted on", LoanCharged(name, 1), "MOTION_NEEDED")
    _committee(told, "loans.charge", ChargeLoan(hora(50)), name)
    repay(30)
    repay(7_00)
    repay(1_00, EarlyRepayment.KEEP_TERM)
    told.refuse("other instalments for which nobody asks", LoanRescheduled(name, "2030-01-01"), "STATE_CONFLICT")
    _refused_asking(told, name)
    asked = AskReschedule(name, 6, "2029-06-30")
    told.do("loans.ask", Brought(told.sign("loans.ask", asked, "ana new")), uuid_text(name), "ana")
    told.refuse("other instalments without a vote", LoanRescheduled(name, "2029-06-30"), "MOTION_NEEDED")
    told.refuse("other instalments before they begin", LoanRescheduled(name, "2029-06-29"), "ORDER_MISMATCH")
    told.refuse("other instalments from no day on", LoanRescheduled(name, "soon"), "MALFORMED")
    _committee(told, "loans.reschedule", RescheduleLoan(), name)
    repay(told.do("loans.show", None, uuid_text(name)).rest.value)
    for says, body in (
        (
            "a repayment of what is repaid",
            LoanRepaid(told.sign("loans.repay", RepayLoan(name, hora(1)), "ana new"), None),
        ),
        ("a fee for what is repaid", LoanCharged(name, 1)),
        ("other instalments of what is repaid", LoanRescheduled(name, "2029-06-30")),
        ("other instalments asked for what is repaid", RescheduleAsked(told.sign("loans.ask", asked, "ana new"), None)),
        ("what is repaid, given up", LoanWrittenOff(name, 0, ())),
    ):
        told.refuse(says, body, "STATE_CONFLICT")


def _withdrawn(told: Riacho, fund: Fund) -> None:
    """Bia asks and asks no more: before anybody vouches, after, and once the committee has decided."""
    for steps in range(3):
        loan = _ask(told, fund, "bia", "olga", 1_00)
        if steps > 0:
            _vouch(told, loan, "olga")
        if steps > 1:
            _committee(told, "loans.approve", ApproveLoan(), loan)
        told.do("loans.withdraw", WithdrawLoan(), uuid_text(loan), "bia")
    decide(told, "parameters.set", SetParameter("2"), "loans.vouchers_min")
    wish = RequestLoan(fund.id, hora(1_00), 1, ("ana", "olga"))
    half = parse_uuid(told.do("loans.create", wish, who="bia").id) or b""
    _vouch(told, half, "olga")
    told.refuse(
        "who vouches for a loan twice", LoanVouched(None, VouchForLoan(half, member=told.id_of("olga"))), "DUPLICATE"
    )
    decide(told, "parameters.set", SetParameter("0"), "loans.vouchers_min")
    told.do("loans.withdraw", WithdrawLoan(), uuid_text(_ask(told, fund, "bia", "", 1_00)), "bia")
    told.refuse("no loan, withdrawn", LoanWithdrawn(NOTHING), "NOT_FOUND")


def _given_up(told: Riacho, bank: Fund) -> None:
    """Nilo borrows 9.00 of the bank on his savings, and repays nothing: 2.00 are covered, Olga pays the rest."""
    told.do("funds.pay", PayFund(bank.id, hora(5_00), FundPart.SAVINGS), uuid_text(bank.id), "nilo")
    loan = _ask(told, bank, "nilo", "olga", 9_00)
    nilo, olga, bia = (told.id_of(handle) for handle in ("nilo", "olga", "bia"))
    by_word = VouchForLoan(loan, guarantee=False, member=olga)
    told.refuse("who vouches for a loan of a bank and does not stand for it", LoanVouched(None, by_word), "MALFORMED")
    many = RequestLoan(bank.id, hora(1), 1, (olga, bia), member=nilo, loan=NOTHING)
    told.refuse("a loan of a bank with too many guarantors", LoanRequested(None, many), "VOUCHERS_MISSING")
    _vouch(told, loan, "olga", guarantee=True)
    _committee(told, "loans.approve", ApproveLoan(), loan)
    told.do("loans.disburse", DisburseLoan(), uuid_text(loan), "nilo")
    told.refuse("a loan that is given up without a vote", LoanWrittenOff(loan, 0, ()), "MOTION_NEEDED")
    told.refuse("all that is owed, covered without a vote", LoanWrittenOff(loan, 9_00, ()), "MOTION_NEEDED")
    told.refuse("a loss that is covered beyond what is owed", LoanWrittenOff(loan, 9_01, ()), "MALFORMED")
    for says, parts in (
        ("beyond her part", (GuarantorPart(olga, 7_01),)),
        ("twice", (GuarantorPart(olga, 1), GuarantorPart(olga, 1))),
        ("who is none", (GuarantorPart(bia, 1),)),
    ):
        told.refuse(f"a guarantor who pays {says}", LoanWrittenOff(loan, 2_00, parts), "FORBIDDEN")
    decide(told, "loans.write-off", WriteOffLoan(), uuid_text(loan))
    given_up = told.said(LoanWrittenOff)
    assert (given_up.covered, given_up.parts) == (2_00, (GuarantorPart(olga, 7_00),))
    told.refuse("a loan that is given up twice", given_up, "STATE_CONFLICT")
    for body in (
        LoanApproved(NOTHING), LoanDisbursed(NOTHING, "2029-01-31"), LoanCharged(NOTHING, 1),
        LoanRescheduled(NOTHING, "2029-01-31"), LoanWrittenOff(NOTHING, 0, ()),
    ):  # fmt: skip
        told.refuse(f"no loan: {body.KIND}", body, "NOT_FOUND")


def _refused_requests(told: Riacho, wish: RequestLoan) -> None:
    bia = told.id_of("bia")
    for says, changed, code in (
        ("of no fund", {"fund": NOTHING}, "NOT_FOUND"),
        ("in another currency", {"amount": Amount(1, "LUA", 2)}, "CURRENCY_MISMATCH"),
        ("in tenths of the least part", {"amount": Amount(1, "HORA", 3)}, "SCALE_EXCEEDED"),
        ("of nothing", {"amount": hora(0)}, "AMOUNT_NOT_POSITIVE"),
        ("beyond int64", {"amount": Amount(2**62, "HORA", 0)}, "AMOUNT_TOO_LARGE"),
        ("from a 30th of February on", {"first": "2029-02-30"}, "MALFORMED"),
        ("of another", {"member": bia}, "FORBIDDEN"),
        ("for consumption, with interest", {"kind": LoanKind.CONSUMPTION}, "MALFORMED"),
        ("that nobody's id vouches for", {"vouchers": ("nobody",)}, "MEMBER_UNKNOWN"),
        ("for which who borrows vouches", {"vouchers": (told.id_of("ana"),)}, "FORBIDDEN"),
        ("for which too few vouch", {"vouchers": ()}, "VOUCHERS_MISSING"),
        ("for which one vouches twice", {"vouchers": (bia, bia)}, "DUPLICATE"),
        ("above the group's rate", {"rate": 1_01}, "RATE_ABOVE_MAX"),
    ):
        signed = told.sign("loans.create", replace(wish, **changed), "ana new")
        told.refuse(f"a loan {says}", LoanRequested(signed, None), code)
    by_word = LoanRequested(None, replace(wish, member=told.id_of("ana")))
    told.refuse("a loan on the word of who has a key", by_word, "FORBIDDEN")
    nobody = LoanRequested(None, replace(wish, member="nobody"))
    told.refuse("a loan of nobody's id", nobody, "MEMBER_UNKNOWN")
    away = LoanRequested(told.sign("loans.create", wish, "dora"), None)
    told.refuse("a loan for who is suspended", away, "MEMBER_NOT_ACTIVE")
    moons = newest_fund(told, "LUA")
    strange = told.sign("loans.create", replace(wish, fund=moons.id, amount=Amount(1)), "dora")
    told.refuse("a loan for who has no account", LoanRequested(strange, None), "ACCOUNT_UNKNOWN")


def _refused_vouching(told: Riacho, loan: bytes) -> None:
    bia = told.id_of("bia")
    for says, wish, code in (
        ("for no loan", VouchForLoan(NOTHING, member=bia), "NOT_FOUND"),
        ("as nobody", VouchForLoan(loan, member="nobody"), "MEMBER_UNKNOWN"),
        ("without having been asked", VouchForLoan(loan, member=told.id_of("olga")), "FORBIDDEN"),
        ("with money where no money stands for it", VouchForLoan(loan, guarantee=True, member=bia), "MALFORMED"),
    ):
        told.refuse(f"who vouches {says}", LoanVouched(None, wish), code)


def _refused_repaying(told: Riacho, loan: bytes) -> None:
    for says, changed, code in (
        ("of no loan", {"loan": NOTHING}, "NOT_FOUND"),
        ("of nobody", {"member": "nobody"}, "MEMBER_UNKNOWN"),
        ("by another", {"member": told.id_of("bia")}, "FORBIDDEN"),
        ("in another currency", {"amount": Amount(1, "LUA", 2)}, "CURRENCY_MISMATCH"),
        ("in tenths of the least part", {"amount": Amount(1, "HORA", 3)}, "SCALE_EXCEEDED"),
        ("of nothing", {"amount": hora(0)}, "AMOUNT_NOT_POSITIVE"),
        ("beyond int64", {"amount": Amount(2**62, "HORA", 0)}, "AMOUNT_TOO_LARGE"),
        ("beyond what is left", {"amount": hora(20_21)}, "REPAYMENT_ABOVE_REST"),
    ):
        wish = RepayLoan(**{"loan": loan, "amount": hora(1_00), "member": told.id_of("bia"), **changed})
        is_bias = changed.keys() & {"loan", "member"}
        if is_bias:
            told.refuse(f"a repayment {says}", LoanRepaid(None, wish), code)
        else:
            signed = told.sign("loans.repay", replace(wish, member=None), "ana new")
            told.refuse(f"a repayment {says}", LoanRepaid(signed, None), code)
    rest = told.sign("loans.repay", RepayLoan(loan, hora(20_20)), "ana new")
    told.accept("a repayment of all that is left", LoanRepaid(rest, None))


def _refused_asking(told: Riacho, loan: bytes) -> None:
    bia = told.id_of("bia")
    for says, wish, code in (
        ("for no loan", AskReschedule(NOTHING, 6, member=bia), "NOT_FOUND"),
        ("for nobody", AskReschedule(loan, 6, member="nobody"), "MEMBER_UNKNOWN"),
        ("by another", AskReschedule(loan, 6, member=bia), "FORBIDDEN"),
        ("from a day that is none", AskReschedule(loan, 6, "tomorrow", bia), "MALFORMED"),
    ):
        told.refuse(f"other instalments {says}", RescheduleAsked(None, wish), code)


def loan_wishes(name: bytes) -> tuple[tuple[str, str, Any], ...]:
    """Return what members sign of loans: what it is, the operation and the wish."""
    bia = "BIABIABIABIABIAB"
    wish = RequestLoan(name, hora(600_00), 6, (bia, "CAIOCAIOCAIOCAIO"), loan=name)
    at_1_percent = replace(wish, kind=LoanKind.PRODUCTIVE, rate=1_00, method=InterestMethod.FLAT, first="2027-01-31")
    return (
        ("a loan without interest is asked for", "loans.create", wish),
        ("a loan at 1% a month is asked for", "loans.create", at_1_percent),
        ("a guarantor vouches", "loans.vouch", VouchForLoan(name, guarantee=True)),
        ("an instalment is repaid", "loans.repay", RepayLoan(name, hora(103_53))),
        ("more is repaid, and the term kept", "loans.repay", RepayLoan(name, hora(200_00), EarlyRepayment.KEEP_TERM)),
        ("other instalments are asked for", "loans.ask", AskReschedule(name, 12, "2027-06-30")),
    )
