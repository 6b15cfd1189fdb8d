# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of funds: how they are created, filled and paid into, and what members take back."""

from dataclasses import replace
from typing import Any

from riacho import DAY_MS, NODE, Riacho, hora
from simulation.world import whole

from protocol.book.money import Amount
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import Brought
from protocol.practices.credit.funds import CreateFund, FillFund, ReturnFund
from protocol.practices.credit.funds.entries import (
    FundCreated,
    FundKind,
    FundMoved,
    FundPaid,
    FundPart,
    FundWithdrawn,
    PayFund,
    WithdrawFund,
)
from protocol.practices.credit.funds.state import Fund, Funds
from protocol.practices.governance.motions.entries import Ballot, Vote

NOTHING = bytes(16)


def decide(told: Riacho, operation: str, wish: Any, subject: str = "") -> None:
    """Let Ana and Bia, who are enough, or Olga in her place, vote for it, and pass the days until it is done."""
    motion = told.do(operation, wish, subject, "ana")
    vote = Vote(parse_uuid(motion.id) or b"", Ballot.YES)
    told.do("motions.vote", Brought(told.sign("motions.vote", vote, "ana new")), motion.id, "ana")
    told.do("motions.vote", vote, motion.id, "bia" if "bia" not in motion.recused else "olga")
    told.world.now += 7 * DAY_MS
    told.world.tick(1)


def newest_fund(told: Riacho, currency: str = "") -> Fund:
    """Return the fund that was created last, of those in a currency if one is told."""
    funds = told.world.nodes[NODE].replica.book.of(Funds).by_id.values()
    return [one for one in funds if currency in ("", one.currency)][-1]


def funds(told: Riacho) -> None:
    """A guarantee, and a bank of savers that it stands for; what comes in, moves and is taken back."""
    alone = FundCreated(NOTHING, "loans", "HORA", FundKind.BANK, None)
    told.refuse("a fund that nobody has voted for", alone, "MOTION_NEEDED")
    decide(told, "funds.create", CreateFund("for losses", "HORA", FundKind.GUARANTEE))
    guarantee = newest_fund(told)
    decide(told, "funds.create", CreateFund("our bank", "HORA", FundKind.BANK, uuid_text(guarantee.id)))
    bank = newest_fund(told)
    assert bank.guarantee == guarantee.id
    wish = PayFund(bank.id, hora(20_00), FundPart.SAVINGS)
    told.do("funds.pay", Brought(told.sign("funds.pay", wish, "ana new")), uuid_text(bank.id), "ana")
    told.do("funds.pay", PayFund(bank.id, whole(10), FundPart.SHARE), uuid_text(bank.id), "bia")
    told.do("funds.pay", PayFund(guarantee.id, whole(9)), uuid_text(guarantee.id), "bia")
    told.do("funds.withdraw", WithdrawFund(bank.id, hora(1_00), FundPart.SHARE), uuid_text(bank.id), "bia")
    decide(told, "funds.return", ReturnFund(hora(6_00)), uuid_text(guarantee.id))
    decide(told, "funds.fill", FillFund(hora(1_00), uuid_text(guarantee.id)), uuid_text(bank.id))
    told.refuse("what nobody has voted to move", FundMoved(None, bank.id, 1), "MOTION_NEEDED")
    decide(told, "funds.create", CreateFund("moons", "LUA"))
    decide(told, "funds.fill", FillFund(Amount(2_00, "LUA", 2)), uuid_text(newest_fund(told).id))
    _refused_funds(told, bank, newest_fund(told))


def _refused_funds(told: Riacho, bank: Fund, moons: Fund) -> None:
    alone = FundCreated(NOTHING, "loans", "HORA", FundKind.BANK, None)
    told.refuse("a fund in no currency", replace(alone, currency="NADA"), "CURRENCY_UNKNOWN")
    told.refuse("a fund in a currency that is closed", replace(alone, currency="SOL"), "CURRENCY_CLOSED")
    told.refuse("a fund that there is", replace(alone, fund=bank.id), "DUPLICATE")
    told.refuse("a fund for whose losses no fund pays", replace(alone, guarantee=NOTHING), "NOT_FOUND")
    told.refuse("a fund that another currency stands for", replace(alone, guarantee=moons.id), "CURRENCY_MISMATCH")
    for name, source, target, code in (
        ("of no fund", NOTHING, bank.id, "NOT_FOUND"),
        ("from the commons to itself", None, None, "NOT_FOUND"),
        ("from a fund to itself", bank.id, bank.id, "DUPLICATE"),
        ("from one currency to another", moons.id, bank.id, "CURRENCY_MISMATCH"),
    ):
        told.refuse(f"money that is moved {name}", FundMoved(source, target, 1), code)
    bia = told.id_of("bia")
    pay, take = PayFund(bank.id, hora(1), FundPart.SAVINGS, bia), WithdrawFund(bank.id, hora(1), FundPart.SAVINGS, bia)
    for says, changed, code in (
        ("no fund", {"fund": NOTHING}, "NOT_FOUND"),
        ("of nobody", {"member": "nobody"}, "MEMBER_UNKNOWN"),
        ("on the word of who has a key", {"member": told.id_of("ana")}, "FORBIDDEN"),
        ("in another currency", {"amount": Amount(1, "LUA", 2)}, "CURRENCY_MISMATCH"),
        ("in tenths of the least part", {"amount": Amount(1, "HORA", 3)}, "SCALE_EXCEEDED"),
        ("of nothing", {"amount": hora(0)}, "AMOUNT_NOT_POSITIVE"),
        ("beyond int64", {"amount": Amount(2**62, "HORA", 0)}, "AMOUNT_TOO_LARGE"),
    ):  # fmt: skip
        told.refuse(f"a payment into a fund: {says}", FundPaid(None, replace(pay, **changed)), code)
        told.refuse(f"a withdrawal from a fund: {says}", FundWithdrawn(None, replace(take, **changed)), code)
    gift = FundWithdrawn(None, replace(take, part=FundPart.GIFT))
    told.refuse("a withdrawal of what was given", gift, "MALFORMED")
    away = told.sign("funds.pay", PayFund(bank.id, hora(1)), "dora")
    told.refuse("a payment into a fund by who is suspended", FundPaid(away, None), "MEMBER_NOT_ACTIVE")
    strange = told.sign("funds.pay", PayFund(moons.id, Amount(1)), "dora")
    told.refuse("a payment into a fund by who has no account", FundPaid(strange, None), "ACCOUNT_UNKNOWN")
    strange = told.sign("funds.withdraw", WithdrawFund(moons.id, Amount(1)), "dora")
    told.refuse("a withdrawal by who has no account", FundWithdrawn(strange, None), "ACCOUNT_UNKNOWN")
    back = told.sign("funds.withdraw", WithdrawFund(bank.id, hora(1)), "dora")
    told.refuse("a withdrawal by who is suspended", FundWithdrawn(back, None), "MEMBER_NOT_ACTIVE")


def lending_wishes(name: bytes) -> tuple[tuple[str, str, Any], ...]:
    """Return what members sign of funds: what it is, the operation and the wish."""
    return (
        ("savings are paid into a fund", "funds.pay", PayFund(name, hora(20_00), FundPart.SAVINGS)),
        ("a share is taken back", "funds.withdraw", WithdrawFund(name, hora(1), FundPart.SHARE, "BIABIABIABIABIA0")),
    )
