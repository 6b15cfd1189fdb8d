# SPDX-License-Identifier: AGPL-3.0-or-later
"""Premiums of fair trade, which producers alone spend, and what things are sold at elsewhere."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import MOTION_NEEDED, Refused
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.market.fairtrade.entries import PayPremium, PremiumOpened, PremiumSpent
from protocol.practices.market.fairtrade.premiums import OpenPremium, PremiumsWanted, SpendPremium
from protocol.practices.market.fairtrade.references import NoteReference, ReferencesWanted
from protocol.practices.market.fairtrade.state import PREMIUM, References
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot


def hora(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


class Growers:
    """Ana (with a key) and Bia grow coffee, Caio and Dora buy it."""

    def __init__(self) -> None:
        self.group = Group()
        self.group.currency(limit=500_00)
        self.group.admit("ana")
        self.group.admit("bia", "caio", "dora", custodial=True)
        motion = self.group.do("bia", "premiums.open", OpenPremium("Coffee growers", "HORA", ("ana", "bia")))
        self.all_vote(motion.id, "ana", "bia", "caio", "dora")
        [shown] = self.listed()
        self.name: str = shown.id

    def all_vote(self, motion: str, *handles: str) -> None:
        vote = Vote(parse_uuid(motion) or b"", Ballot.YES)
        for who in handles:
            signed = Brought(self.group.sign("motions.vote", vote, keys_of(who)))
            self.group.do(who, "motions.vote", signed if who == "ana" else vote, motion)
        self.group.pass_time(self.group.now + 15 * DAY_MS)

    def listed(self) -> Any:
        return self.group.list("bia", "premiums.list", PremiumsWanted())

    @property
    def shown(self) -> Any:
        return self.group.view("bia", "premiums.show", self.name)

    @property
    def pot(self) -> int:
        return self.group.book.ledger.accounts[PREMIUM.of("HORA")].balance_minor

    def pays(self, who: str, minor: int) -> Any:
        wish = PayPremium(parse_uuid(self.name) or b"", hora(minor))
        brought = Brought(self.group.sign("premiums.pay", wish, keys_of(who))) if who == "ana" else wish
        return self.group.ask(who, "premiums.pay", brought, self.name)


@pytest.fixture
def growers() -> Growers:
    return Growers()


def spends(minor: int, payee: str = "dora") -> SpendPremium:
    return SpendPremium(payee, hora(minor), "a roof for the school")


def test_the_producers_alone_decide_on_what_buyers_have_paid(growers: Growers) -> None:
    group = growers.group
    assert growers.shown.producers == ("ana", "bia")
    assert growers.pays("caio", 40_00).held.value == 40_00
    assert growers.pays("ana", 10_00).held.value == 50_00
    assert (growers.pot, group.balance("caio"), group.balance("ana")) == (50_00, -40_00, -10_00)
    motion = group.do("ana", "premiums.spend", spends(30_00), growers.name)
    vote = Vote(parse_uuid(motion.id) or b"", Ballot.YES)
    outsider = group.ask("caio", "motions.vote", vote, motion.id)
    assert isinstance(outsider, Refused) and outsider.reason.code == "FORBIDDEN", outsider
    growers.all_vote(motion.id, "ana", "bia")
    shown = growers.shown
    [spent] = shown.spent
    assert (shown.held.value, shown.paid_in.value, growers.pot) == (20_00, 50_00, 20_00)
    assert (spent.payee, spent.amount.value, spent.purpose) == ("dora", 30_00, "a roof for the school")
    assert group.balance("dora") == 30_00
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_no_premium_is_spent_without_its_producers(growers: Growers) -> None:
    growers.pays("caio", 40_00)
    group, id = growers.group, parse_uuid(growers.name) or b""
    account = group.account("dora").id
    by_hand = PremiumSpent(id, account, 10_00, "a roof")
    opened = PremiumOpened(bytes(16), "Mine", "HORA", (group.member("ana").id,))
    assert [group.check(one) for one in (by_hand, opened)] == [MOTION_NEEDED, MOTION_NEEDED]


def test_no_more_is_spent_than_a_premium_holds(growers: Growers) -> None:
    growers.pays("caio", 40_00)
    refused = growers.group.ask("bia", "premiums.spend", spends(40_01), growers.name)
    assert isinstance(refused, Refused)
    assert (refused.reason.code, refused.figures["missing"]) == ("LIMIT_EXCEEDED", 1)
    first, second = (growers.group.do("bia", "premiums.spend", spends(30_00), growers.name) for _ in range(2))
    growers.all_vote(first.id, "ana", "bia")
    assert growers.shown.held.value == 10_00
    assert growers.group.view("bia", "motions.show", second.id).state.value != "executed"


def test_two_premiums_stand_apart_in_one_account(growers: Growers) -> None:
    growers.pays("caio", 40_00)
    motion = growers.group.do("bia", "premiums.open", OpenPremium("Bakers", "HORA", ("dora",)))
    growers.all_vote(motion.id, "ana", "bia", "caio", "dora")
    held = [one.held.value for one in growers.listed()]
    assert (held, growers.pot) == ([40_00, 0], 40_00)


def test_what_is_refused_of_premiums_changes_nothing(growers: Growers) -> None:
    group = growers.group
    good = OpenPremium("Bakers", "HORA", ("dora",))
    for wish, code in (
        (replace(good, title=" "), "MALFORMED"),
        (replace(good, currency="SOL"), "CURRENCY_UNKNOWN"),
        (replace(good, producers=()), "MALFORMED"),
        (replace(good, producers=("dora", "dora")), "MALFORMED"),
        (replace(good, producers=("nobody",)), "MEMBER_UNKNOWN"),
    ):
        assert group.refusal("bia", "premiums.open", wish).code == code, wish
    growers.pays("caio", 40_00)
    for spend, code in (
        (replace(spends(1), amount=hora(0)), "AMOUNT_NOT_POSITIVE"),
        (replace(spends(1), payee="nobody"), "MEMBER_UNKNOWN"),
        (replace(spends(1), purpose=" "), "MALFORMED"),
    ):
        assert group.refusal("bia", "premiums.spend", spend, growers.name).code == code, spend
    assert group.refusal("bia", "premiums.spend", spends(1), "nothing").code == "NOT_FOUND"
    for minor, code in ((0, "AMOUNT_NOT_POSITIVE"), (-1, "AMOUNT_NOT_POSITIVE"), (500_01, "LIMIT_EXCEEDED")):
        refused = growers.pays("dora", minor)
        assert isinstance(refused, Refused) and refused.reason.code == code


def test_the_newest_reference_of_an_item_counts(growers: Growers) -> None:
    group = growers.group
    good = NoteReference("Coffee, New York", "01610", hora(4_10), "ICO daily price", group.now - 2 * DAY_MS, "kg")
    group.do("steward", "reference-prices.note", good)
    group.do("steward", "reference-prices.note", replace(good, price=hora(4_30), at=group.now - DAY_MS))
    group.do("steward", "reference-prices.note", replace(good, price=hora(3_90), at=group.now - 9 * DAY_MS))
    group.do("steward", "reference-prices.note", replace(good, price=hora(1), unit="g", at=group.now))
    references = group.book.of(References)
    newest = references.newest("01610", "KGM", "HORA")
    assert newest is not None and newest.said.price == 4_30
    assert references.newest("01611", "KGM", "HORA") is None and references.newest("", "KGM", "HORA") is None
    listed = group.list("bia", "reference-prices.list", ReferencesWanted("016"))
    assert not isinstance(listed, Refused) and [one.price.value for one in listed] == [4_10, 4_30, 3_90, 1]
    for wish, code in (
        (replace(good, at=group.now + 1), "MALFORMED"),
        (replace(good, source=""), "MALFORMED"),
        (replace(good, code="1"), "MALFORMED"),
        (replace(good, price=hora(0)), "AMOUNT_MALFORMED"),
        (replace(good, price=Amount(1, "SOL", 2)), "CURRENCY_UNKNOWN"),
        (replace(good, unit="handful"), "UNIT_UNKNOWN"),
    ):
        assert group.refusal("steward", "reference-prices.note", wish).code == code, wish
    assert group.refusal("bia", "reference-prices.note", good).code == "FORBIDDEN"
    assert snapshot(copy_of(group.written)) == snapshot(group.book)
