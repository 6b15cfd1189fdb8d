# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments in the book are evidence of who buys of whom: month by month, where they are more than was told."""

from fractions import Fraction

from protocol.book.money import Amount
from protocol.book.wishes import Brought
from protocol.practices.chains.book_chain import chain_of
from protocol.practices.chains.enterprises import CorrectEnterprise, EnterEnterprise
from protocol.practices.chains.entries import EnterpriseStatus
from protocol.practices.chains.figures.basis import ChainNow
from protocol.practices.chains.paid import PaidWanted, view_paid
from protocol.practices.chains.state import inputs_of
from protocol.practices.chains.supply import EnterSupply
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.payments.entries import ReversePayment
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot


def market() -> Group:
    """Return a group in which Ana stands for a shop, Bia for growers, and Caio for nobody but himself."""
    group = Group()
    group.currency(limit=10_000_00)
    group.admit("ana", "bia", "caio")
    for handle, member in (("shop", "ana"), ("growers", "bia")):
        wish = EnterEnterprise(handle, turnover=Amount(1_000), wages=Amount(300), surplus=Amount(100), member=member)
        group.do("steward", "enterprises.create", wish)
    group.do("steward", "parameters.set", SetParameter("2.00"), "supply.unit_worth.HORA")
    return group


def test_payments_of_two_months_are_what_is_bought_in_an_average_one() -> None:
    group = market()
    group.do("steward", "supply.create", EnterSupply("shop", "vegetables", Amount(40), "growers"))
    first = group.pay("ana", "bia", 100_00)
    assert chain_of(group.book).inside == {("shop", "growers"): Fraction(50)}
    rests = ChainNow(inputs_of(group.book), 0).basis.evidence.all
    assert {word: value for word, value in rests.items() if value} == {"entry": Fraction(50)}
    group.now += 31 * DAY_MS
    group.pay("ana", "bia", 20_00)
    group.pay("caio", "ana", 30_00)
    group.pay("ana", "caio", 5_00)
    # 50 and 10 of two months: 30 is less than the 40 that were told; the households' 15 were told by nobody.
    assert chain_of(group.book).inside == {
        ("shop", "growers"): Fraction(40), ("households", "shop"): Fraction("7.5"),
    }  # fmt: skip
    rests = ChainNow(inputs_of(group.book), 0).basis.evidence.all
    assert rests == {"declared": Fraction(10), "entry": Fraction("37.5")}, "30 of the shop, 7.50 of households"
    signed = group.sign("payments.reverse", ReversePayment(first.id), keys_of("bia"))
    group.payments("bia", "reverse", first, Brought(signed))
    told = view_paid(group.desk(), PaidWanted())
    assert [(one.buyer, one.supplier, one.value.value) for one in told.relations] == [
        ("households", "shop", 15_00), ("shop", "growers", 50_00), ("shop", "growers", -40_00),
    ]  # fmt: skip
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_payments_count_as_far_as_a_turnover_goes_and_never_make_a_closed_group() -> None:
    group = market()
    group.pay("ana", "bia", 4_000_00)
    assert chain_of(group.book).inside == {("shop", "growers"): Fraction(600)}, "1,000 less wages and surplus"
    for handle in ("shop", "growers"):
        alone = CorrectEnterprise(wages=Amount(0), surplus=Amount(0))
        group.do("steward", "enterprises.correct", alone, handle)
    group.pay("bia", "ana", 4_000_00)
    assert chain_of(group.book).inside == {}, "what was told alone"


def test_who_is_outside_or_stands_for_two_counts_as_neither() -> None:
    group = market()
    group.pay("ana", "bia", 100_00)
    group.do("steward", "enterprises.correct", CorrectEnterprise(status=EnterpriseStatus.OUTSIDE), "growers")
    assert chain_of(group.book).inside == {}
    group.do("steward", "enterprises.create", EnterEnterprise("stall", turnover=Amount(1), member="ana"))
    group.pay("caio", "ana", 100_00)
    assert chain_of(group.book).inside == {}
