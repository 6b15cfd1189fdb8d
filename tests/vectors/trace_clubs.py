# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of clubs: grants for who has an offer and is vouched for, and what money loses by the month."""

from dataclasses import replace
from typing import Any

from riacho import DAY_MS, NODE, Riacho

from protocol.book.declaration import MotionWish
from protocol.book.money import Amount
from protocol.book.parameters import TIME_ZONE
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.credit.baskets import BasketRecorded, PriceTold, RecordBasket
from protocol.practices.credit.demurrage.entries import DemurrageSet, DemurrageTaken
from protocol.practices.credit.demurrage.views import SetDemurrage
from protocol.practices.credit.fairs.entries import (
    AnswerTally,
    FairHeld,
    TallyAnswered,
    TallyEntered,
    TallyPosted,
    TallyRow,
)
from protocol.practices.credit.fairs.views import EnterTally, HoldFair, RowTyped
from protocol.practices.credit.grants.entries import (
    GrantIssued,
    GrantRequested,
    GrantSponsored,
    GrantWithdrawn,
    SponsorGrant,
)
from protocol.practices.credit.grants.views import RequestGrant, WithdrawGrant
from protocol.practices.credit.growing import LimitsGrown
from protocol.practices.credit.vouchers.entries import (
    VoucherRedeemed,
    VoucherReplaced,
    VouchersIssued,
    VouchersLapsed,
)
from protocol.practices.credit.vouchers.sheet import VoucherSheetWanted
from protocol.practices.credit.vouchers.state import BATCHES, read_voucher
from protocol.practices.credit.vouchers.views import IssueVouchers, RedeemVoucher, ReplaceVoucher
from protocol.practices.governance.motions.entries import Ballot, MakeMotion, Vote
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.market.wishes import PublishOffer

NOTHING = bytes(16)
LATER = 203_001


def clubs(told: Riacho) -> None:
    """Ana and Bia decide what may circulate in LUA; Bia is granted something, and gives a part of what she holds."""
    carried(
        told,
        "A club",
        MotionWish("parameters.set", "circulation.base.LUA", SetParameter("100.00")),
        MotionWish("parameters.set", "grants.sponsors", SetParameter("1")),
        MotionWish("demurrage.set", "LUA", SetDemurrage(200)),
        MotionWish("parameters.set", "limit-growth.months", SetParameter("1")),
        MotionWish("parameters.set", "limit-growth.step", SetParameter("50%")),
        MotionWish("parameters.set", "limit-growth.most.LUA", SetParameter("120.00")),
    )
    granted(told)
    demurrage(told)
    grown(told)
    baskets(told)
    vouchers(told)
    fairs(told)


def carried(told: Riacho, title: str, *wishes: MotionWish) -> None:
    """Let Ana and Bia carry a motion, and a week pass."""
    motion = told.do("motions.create", MakeMotion(title, wishes), who="bia").id
    vote = Vote(_id(motion), Ballot.YES)
    told.do("motions.vote", Brought(told.sign("motions.vote", vote, "ana new")), motion, "ana")
    told.do("motions.vote", vote, motion, "bia")
    told.world.now += 7 * DAY_MS
    told.world.tick(1)
    assert told.do("motions.show", None, motion).state == "executed"


def granted(told: Riacho) -> None:
    ana, bia, dora = (told.id_of(one) for one in ("ana", "bia", "dora"))
    told.do("offers.publish", PublishOffer("Bread", member="bia"))
    asked = GrantRequested(NOTHING, bia, "LUA", 20_00, NOTHING)
    for says, changed, code in (
        ("in no currency", {"currency": "NADA"}, "CURRENCY_UNKNOWN"),
        ("for nobody", {"member": "A" * 26}, "MEMBER_UNKNOWN"),
        ("for who is suspended", {"member": dora, "currency": "HORA"}, "MEMBER_NOT_ACTIVE"),
        ("for who has no such account", {"member": ana, "currency": "SOL"}, "ACCOUNT_UNKNOWN"),
    ):
        told.refuse(f"a grant {says}", replace(asked, **changed), code)
    name = told.do("grants.request", RequestGrant("LUA", lua(20_00)), who="bia").id
    grant = _id(name)
    told.refuse("a grant that there is", replace(told.said(GrantRequested), member=ana), "DUPLICATE")
    told.refuse("a second grant", asked, "GRANTED_BEFORE")
    told.refuse("a grant that nobody vouches for", GrantIssued(grant), "SPONSORS_MISSING")
    told.refuse("no grant, issued", GrantIssued(NOTHING), "NOT_FOUND")
    told.refuse("no grant, withdrawn", GrantWithdrawn(NOTHING), "NOT_FOUND")

    def sponsored(member: str, key: str = "", of: bytes = grant) -> GrantSponsored:
        wish = SponsorGrant(of, member)
        return GrantSponsored(told.sign("grants.sponsor", wish, key), None) if key else GrantSponsored(None, wish)

    told.refuse("a sponsor that there is not", sponsored("nobody"), "MEMBER_UNKNOWN")
    told.refuse("a sponsor on the word of who has a key", sponsored(ana), "FORBIDDEN")
    told.refuse("who vouches for herself", sponsored(bia), "FORBIDDEN")
    told.refuse("who vouches for nothing", sponsored(ana, "ana new", NOTHING), "NOT_FOUND")
    told.refuse("who vouches and is suspended", sponsored(dora, "dora"), "MEMBER_NOT_ACTIVE")
    signed = told.sign("grants.sponsor", SponsorGrant(grant, ana), "ana new")
    told.do("grants.sponsor", Brought(signed), name, "ana")
    told.refuse("who vouches twice", sponsored(ana, "ana new"), "DUPLICATE")
    told.refuse("a grant that is issued twice", GrantIssued(grant), "STATE_CONFLICT")
    told.refuse("a grant that is withdrawn once it is issued", GrantWithdrawn(grant), "STATE_CONFLICT")
    told.do("offers.publish", PublishOffer("Jam"), who="ana")
    other = told.do("grants.request", RequestGrant("LUA", lua(1_00)), who="ana").id
    told.do("grants.withdraw", WithdrawGrant(), other, "ana")
    told.refuse("who vouches for what is withdrawn", sponsored(bia, of=_id(other)), "STATE_CONFLICT")


def demurrage(told: Riacho) -> None:
    said = told.said(DemurrageSet)
    month = DemurrageTaken("LUA", said.first)
    told.refuse("demurrage that nobody has voted for", replace(said, basis_points=1), "MOTION_NEEDED")
    told.refuse("demurrage in no currency", replace(said, currency="NADA"), "CURRENCY_UNKNOWN")
    told.refuse("demurrage that begins in a month 13", replace(said, first=203_013), "MALFORMED")
    told.refuse("demurrage before its day", month, "STATE_CONFLICT")
    for period in (203_012, 203_101):
        told.refuse(f"demurrage of the month {period} before its day", DemurrageTaken("LUA", period), "STATE_CONFLICT")
    for period in (203_013, 203_100):
        told.refuse(f"demurrage of a month {period}", DemurrageTaken("LUA", period), "DUPLICATE")
    told.refuse("demurrage of what none is taken", DemurrageTaken("HORA", said.first), "NOT_FOUND")
    told.refuse("demurrage taken in no currency", DemurrageTaken("NADA", said.first), "CURRENCY_UNKNOWN")
    told.world.now += 31 * DAY_MS
    told.world.tick(1)
    told.refuse("demurrage of a month that was taken", month, "DUPLICATE")


def grown(told: Riacho) -> None:
    """With the month the limits of Ana and Bia have grown, by the rule that they have decided."""
    local = told.world.nodes[NODE].replica.book.parameter(TIME_ZONE).local(told.world.now)
    said = replace(told.said(LimitsGrown), period=local.year * 100 + local.month)
    told.refuse("limits that grow twice in a month", said, "FORBIDDEN")
    told.refuse("a limit that grows twice in an entry", replace(said, grown=(said.grown[0],) * 2), "DUPLICATE")
    told.refuse("nobody's limit that grows", replace(said, grown=()), "MALFORMED")
    told.refuse("limits that grow in no currency", replace(said, currency="NADA"), "CURRENCY_UNKNOWN")
    nobody = replace(said, grown=(replace(said.grown[0], account="nobody.LUA"),))
    told.refuse("a limit of nobody that grows", nobody, "ACCOUNT_UNKNOWN")


def fairs(told: Riacho) -> None:
    """A sheet of a fair is typed in: what Bia gave is paid, what Ana objects to is not."""
    fair = _id(told.do("fairs.hold", HoldFair("Spring fair", told.world.now, "LUA")).id)
    told.refuse("a fair that there is", told.said(FairHeld), "DUPLICATE")
    none = replace(told.said(FairHeld), fair=NOTHING, currency="NADA")
    told.refuse("a fair in no currency", none, "CURRENCY_UNKNOWN")
    typed = (RowTyped("bia", "ana", lua(1_00)), RowTyped("ana", "bia", lua(3_00)))
    name = told.do("tallies.enter", EnterTally(fair, "1", typed)).id
    said, tally = told.said(TallyEntered), _id(name)
    other = replace(said, tally=NOTHING, sheet="2")
    same = TallyRow(said.rows[0].payer, said.rows[0].payer, 1)
    for says, body, code in (
        ("of no fair", replace(other, fair=NOTHING), "NOT_FOUND"),
        ("that was typed in", replace(said, tally=NOTHING), "DUPLICATE"),
        ("without a row", replace(other, rows=()), "MALFORMED"),
        ("in another currency", replace(other, rows=(replace(same, payee=told.account("ana")),)), "ACCOUNT_UNKNOWN"),
        ("of who pays herself", replace(other, rows=(same,)), "SAME_ACCOUNT"),
    ):
        told.refuse(f"a sheet {says}", body, code)
    ana, bia, dora = (told.id_of(one) for one in ("ana", "bia", "dora"))

    def answered(member: str, key: str = "", of: bytes = tally) -> TallyAnswered:
        wish = AnswerTally(of, agrees=True, member=member)
        return TallyAnswered(told.sign("tallies.answer", wish, key), None) if key else TallyAnswered(None, wish)

    told.refuse("an answer of nobody", answered("nobody"), "MEMBER_UNKNOWN")
    told.refuse("an answer on the word of who has a key", answered(ana), "FORBIDDEN")
    told.refuse("an answer of who does not stand on the sheet", answered(dora, "dora"), "FORBIDDEN")
    told.refuse("an answer to no sheet", answered(bia, of=NOTHING), "NOT_FOUND")
    told.refuse("a sheet that is paid too early", TallyPosted(tally, ()), "STATE_CONFLICT")
    told.refuse("no sheet that is paid", TallyPosted(NOTHING, ()), "NOT_FOUND")
    late = said.until_ms + 1
    told.accept("an answer in the last moment", answered(bia), late - 1)
    told.refuse("an answer that is too late", answered(bia), "STATE_CONFLICT", late)
    told.refuse("a sheet that is paid in the last moment", TallyPosted(tally, ()), "STATE_CONFLICT", late - 1)
    told.accept("a sheet that is paid a millisecond later", TallyPosted(tally, ()), late)
    told.refuse("a row of who has a key and has not agreed", TallyPosted(tally, (1,)), "FORBIDDEN", late)
    told.do("tallies.answer", AnswerTally(tally, agrees=True), name, "bia")
    told.world.now = late
    told.world.tick(1)
    told.refuse("an answer to a sheet that is paid", answered(bia), "STATE_CONFLICT")


def baskets(told: Riacho) -> None:
    """What bread costs is recorded."""
    told.do("baskets.record", RecordBasket("food", "LUA", (PriceTold("23410", lua(5_00)),)))
    said = told.said(BasketRecorded)
    told.refuse("a basket in no currency", replace(said, currency="NADA"), "CURRENCY_UNKNOWN")
    told.refuse("a basket of other items", replace(said, prices=(replace(said.prices[0], code="21494"),)), "MALFORMED")


def vouchers(told: Riacho) -> None:
    """Three vouchers are printed: one is presented, one replaced, and what nobody brings is the commons' again."""
    told.do("vouchers.issue", IssueVouchers("LUA", lua(2_00), 3, days=30))
    said = told.said(VouchersIssued)
    first, second, _ = told.do("vouchers.sheet", VoucherSheetWanted("1")).vouchers
    account = f"{told.id_of('bia')}.LUA"
    read = read_voucher(first.text)
    assert read is not None
    brought = VoucherRedeemed(said.batch, 1, read[1].signature, account)
    for says, changed, code in (
        ("of no batch", {"batch": NOTHING}, "NOT_FOUND"),
        ("with another signature", {"signature": bytes(64)}, "VOUCHER_FORGED"),
        ("for nobody", {"account": "nobody.LUA"}, "ACCOUNT_UNKNOWN"),
        ("in another currency", {"account": told.account("bia")}, "CURRENCY_MISMATCH"),
    ):
        told.refuse(f"a voucher {says}", replace(brought, **changed), code)
    for says, other, code in (
        ("in no currency", replace(said, batch=NOTHING, currency="NADA"), "CURRENCY_UNKNOWN"),
        ("of a batch that there is", said, "DUPLICATE"),
        ("that have expired", replace(said, batch=NOTHING, expires_ms=told.world.now), "MALFORMED"),
    ):
        told.refuse(f"vouchers {says}", other, code)
    told.do("vouchers.redeem", RedeemVoucher(), first.text, "bia")
    told.refuse("a voucher that was presented before", brought, "DUPLICATE_VOUCHER")
    told.do("vouchers.replace", ReplaceVoucher(days=30), second.serial)
    swap = told.said(VoucherReplaced)
    told.refuse("a voucher that was replaced before", replace(swap, new=NOTHING), "DUPLICATE_VOUCHER")
    told.refuse("a voucher of no batch, replaced", replace(swap, batch=NOTHING), "NOT_FOUND")
    told.refuse("a voucher that there is not, replaced", replace(swap, number=9, new=NOTHING), "NOT_FOUND")
    told.refuse("a voucher replaced by one that there is", replace(swap, number=3), "DUPLICATE")
    told.refuse("vouchers that lapse before their time", VouchersLapsed(said.batch), "STATE_CONFLICT")
    told.refuse("vouchers that lapse and are none", VouchersLapsed(NOTHING), "NOT_FOUND")
    [third] = told.do("vouchers.sheet", VoucherSheetWanted("1")).vouchers
    late, last = said.expires_ms + 1, read_voucher(third.text)
    assert last is not None
    expired = VoucherRedeemed(said.batch, 3, last[1].signature, account)
    told.accept("a voucher in its last moment", expired, late - 1)
    told.refuse("a voucher that has expired", expired, "VOUCHER_EXPIRED", late)
    gone = replace(swap, number=3, new=NOTHING)
    told.accept("a voucher that is replaced in the last moment", gone, late - 1 + 90 * DAY_MS)
    told.refuse("a voucher that is replaced too late", gone, "VOUCHER_EXPIRED", late + 90 * DAY_MS)
    lapses_ms = told.world.nodes[NODE].replica.book.rows(BATCHES)[said.batch].lapses_ms
    until = "vouchers that lapse in their last moment"
    told.refuse(until, VouchersLapsed(said.batch), "STATE_CONFLICT", lapses_ms)
    told.accept("vouchers that lapse", VouchersLapsed(said.batch), late + 90 * DAY_MS)


def refused_of_clubs(told: Riacho) -> None:
    """Refuse what comes in a closed currency."""
    bia = told.id_of("bia")
    told.refuse("a grant in a closed currency", GrantRequested(NOTHING, bia, "FIM", 1, NOTHING), "CURRENCY_CLOSED")
    told.refuse("demurrage in a closed currency", DemurrageSet("FIM", 1, 1, LATER), "CURRENCY_CLOSED")
    told.refuse("a fair in a closed currency", FairHeld(NOTHING, "Late", 0, "FIM", ()), "CURRENCY_CLOSED")
    printed = replace(told.said(VouchersIssued), batch=NOTHING, currency="FIM", expires_ms=2**46)
    told.refuse("vouchers in a closed currency", printed, "CURRENCY_CLOSED")


def lua(minor: int) -> Amount:
    return Amount(minor, "LUA", 2)


def _id(name: Any) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
