# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of ethical banks: sectors that savers prefer, notice, an assessed loan that all may know of."""

from dataclasses import replace

from riacho import DAY_MS, NODE, Riacho, hora
from trace_lending import NOTHING, decide, newest_fund

from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.credit.ethical.entries import (
    BankDeclared,
    LoanAssessed,
    LoanPublished,
    SectorsPreferred,
    SocialCriterion,
    WithdrawalNoticed,
)
from protocol.practices.credit.ethical.views import (
    AssessLoan,
    DeclareBank,
    GiveNotice,
    PreferSectors,
    PublishLoan,
    ScoreTold,
)
from protocol.practices.credit.funds import PayFund
from protocol.practices.credit.funds.entries import FundPart, FundWithdrawn, WithdrawFund
from protocol.practices.credit.loans.entries import LoanKind, RepayLoan, RequestLoan
from protocol.practices.credit.loans.state import LOANS
from protocol.practices.credit.loans.views import ApproveLoan, DisburseLoan
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.governance.parameters import SetParameter

NOBODY = "B" * 16
NOTICE_DAYS = 7


def ethical(told: Riacho) -> None:
    """The neighbours' fund becomes an ethical bank; Bia saves with it, and Ana's workshop borrows of it."""
    fund = newest_fund(told, "HORA")
    name = uuid_text(fund.id)
    told.refuse("an ethical bank of no fund", BankDeclared(NOTHING), "NOT_FOUND")
    told.refuse("an ethical bank that nobody has voted for", BankDeclared(fund.id), "MOTION_NEEDED")
    bia = told.id_of("bia")
    told.refuse("sectors that are preferred of no bank", SectorsPreferred(fund.id, bia, ()), "NOT_FOUND")
    told.refuse("notice that is given to no bank", WithdrawalNoticed(fund.id, bia, 1), "NOT_FOUND")
    decide(told, "ethical-banks.declare", DeclareBank(), name)
    decide(told, "parameters.set", SetParameter(str(NOTICE_DAYS)), "ethical.notice_days")
    told.refuse("an ethical bank that is one", BankDeclared(fund.id), "DUPLICATE")
    told.do("ethical-banks.prefer", PreferSectors(("A", "C")), name, "bia")
    for says, member, sectors, code in (
        ("of nobody", NOBODY, (), "MEMBER_UNKNOWN"),
        ("of who is suspended", told.id_of("dora"), (), "MEMBER_NOT_ACTIVE"),
        ("twice", bia, ("A", "A"), "MALFORMED"),
        ("of which there is none", bia, ("Z",), "MALFORMED"),
    ):
        told.refuse(f"sectors that are preferred {says}", SectorsPreferred(fund.id, member, sectors), code)
    for says, member, code in (
        ("of nobody", NOBODY, "MEMBER_UNKNOWN"),
        ("of who is suspended", told.id_of("dora"), "MEMBER_NOT_ACTIVE"),
    ):
        told.refuse(f"notice {says}", WithdrawalNoticed(fund.id, member, 1), code)
    _noticed(told, fund.id)
    _published(told, fund.id)


def _noticed(told: Riacho, fund: bytes) -> None:
    """Of 10.00 that Bia saves she gives notice of 5.00, and withdraws 3.00 and 2.00 a week later."""
    name, bia = uuid_text(fund), told.id_of("bia")
    told.do("funds.pay", PayFund(fund, hora(10_00), FundPart.SAVINGS), name, "bia")

    def back(minor: int) -> FundWithdrawn:
        return FundWithdrawn(None, WithdrawFund(fund, hora(minor), FundPart.SAVINGS, bia))

    told.refuse("savings withdrawn without notice", back(1), "NOTICE_NEEDED")
    told.do("ethical-banks.notice", GiveNotice(hora(5_00)), name, "bia")
    since_ms = told.world.now + NOTICE_DAYS * DAY_MS
    told.accept("savings withdrawn just a week after the notice", back(5_00), since_ms)
    told.refuse("savings withdrawn a millisecond earlier", back(5_00), "NOTICE_NEEDED", since_ms - 1)
    told.refuse("savings withdrawn beyond the notice", back(5_01), "NOTICE_NEEDED", since_ms)
    told.world.now = since_ms
    for minor in (3_00, 2_00):
        told.do("funds.withdraw", WithdrawFund(fund, hora(minor), FundPart.SAVINGS), name, "bia")
    told.refuse("savings withdrawn on a notice that is used up", back(1), "NOTICE_NEEDED")


def _published(told: Riacho, fund: bytes) -> None:
    wish = RequestLoan(
        fund, hora(6_00), 3, (), LoanKind.PRODUCTIVE, member=told.id_of("ana"), loan=drawn_id(told.world.rng.randbytes)
    )
    told.do("loans.create", Brought(told.sign("loans.create", wish, "ana new")), who="ana")
    assert wish.loan is not None
    loan, name = wish.loan, uuid_text(wish.loan)
    fit = LoanPublished(loan, "Ana's workshop")
    told.refuse("a loan that is published before it is paid out", fit, "STATE_CONFLICT")
    motion = told.do("loans.approve", ApproveLoan(), name, "bia").id
    told.do("motions.vote", Vote(parse_uuid(motion) or NOTHING, Ballot.YES), motion, "bia")
    told.world.now += 7 * DAY_MS
    told.world.tick(1)
    told.do("loans.disburse", DisburseLoan(), name)
    told.refuse("a loan that is published before it is assessed", fit, "STATE_CONFLICT")
    score = ScoreTold(SocialCriterion.LABOUR, 80, "a visit in May")
    told.do("ethical-loans.assess", AssessLoan("C", (score,)), name)
    said = told.said(LoanAssessed)
    for says, changed, code in (
        ("of which there is none", {"loan": NOTHING}, "NOT_FOUND"),
        ("by a criterion twice", {"scores": said.scores * 2}, "DUPLICATE"),
        ("in no sector", {"sector": "Z"}, "MALFORMED"),
    ):
        told.refuse(f"a loan {says}, assessed", replace(said, **changed), code)
    told.refuse("no loan, published", replace(fit, loan=NOTHING), "NOT_FOUND")
    rows = told.world.nodes[NODE].replica.book.rows(LOANS)
    persons = next(one.id for _, one in rows.items() if one.fund == fund and one.kind is LoanKind.CONSUMPTION)
    told.refuse("a person's loan, published", replace(fit, loan=persons), "NOT_AN_ORGANISATION")
    told.refuse("a loan that is published without a name", replace(fit, enterprise=" "), "MALFORMED")
    told.do("ethical-loans.publish", PublishLoan("Ana's workshop"), name)
    repaid = told.sign("loans.repay", RepayLoan(loan, hora(6_00)), "ana new")
    told.do("loans.repay", Brought(repaid), name, "ana")
    told.refuse("a loan that is repaid, published", fit, "STATE_CONFLICT")
