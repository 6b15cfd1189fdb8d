# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cards: a purse of at most 300.00, 200.00 a day without a node, and what becomes of it when terminals sync."""

import pytest

from protocol.book.refusals import LIMIT_EXCEEDED, NOT_FOUND, STATE_CONFLICT, Refused
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import Brought
from protocol.practices.credit.cards import PRACTICE
from protocol.practices.credit.cards.entries import FreezeReason, LoadCard
from protocol.practices.credit.cards.fund import WorstCaseWanted, view_worst_case
from protocol.practices.credit.cards.refusals import (
    CARD_DAILY_CAP,
    CARD_FROZEN,
    CARD_PAYMENT_CAP,
    CARD_PURSE_MAX,
    CARD_PURSE_SHORT,
    CARD_UNSEEN,
    CARDS_OPEN,
    TERMINAL_STALE,
)
from protocol.practices.credit.cards.state import CardState
from protocol.practices.credit.cards.views import EndCard, FreezeCard, RenewCard, RetireTerminal, UnloadCard
from tests.protocol.practices.credit.cardholders import CardGroup, hours, refusal_of, shops, taken
from tests.protocol.practices.desk import DAY_MS, copy_of, keys_of, snapshot


@pytest.fixture
def mexico() -> CardGroup:
    return shops()


def test_a_terminal_without_a_node_takes_120_and_70_and_not_20_more(mexico: CardGroup) -> None:
    card, till = mexico.issue("ana", 300_00), mexico.till("bia")
    assert (mexico.balance("ana"), mexico.of("purses")) == (-300_00, 300_00)
    taken(till.accept(card.certificate, card.pays(till, 120_00, mexico.now), mexico.now))
    taken(till.accept(card.certificate, card.pays(till, 70_00, mexico.now), mexico.now))
    refused = till.accept(card.certificate, card.pays(till, 20_00, mexico.now), mexico.now)
    assert isinstance(refused, Refused) and refused.reason is CARD_DAILY_CAP
    assert refused.figures == {"missing": 210_00, "limit": 200_00, "available": 10_00, "currency": "HORA"}
    taken(till.accept(card.certificate, card.pays(till, 10_00, mexico.now), mexico.now))
    assert (mexico.balance("bia"), len(till.records)) == (0, 3), "the node knows nothing yet"

    shown = mexico.sync("bia", till)
    assert (shown.synced, till.records) == (3, [])
    assert (mexico.balance("bia"), mexico.of("purses"), mexico.card(card).purse) == (200_00, 100_00, hours(100_00))
    assert (mexico.sync("bia", till).synced, mexico.balance("bia")) == (3, 200_00), "what is sent again is settled once"
    # The next day, by the group's clocks, the card pays again.
    mexico.now += DAY_MS
    taken(till.accept(card.certificate, card.pays(till, 100_00, mexico.now), mexico.now))
    assert snapshot(copy_of(mexico.written)) == snapshot(mexico.book)


def test_of_two_terminals_that_never_met_the_second_is_paid_by_the_fund(mexico: CardGroup) -> None:
    mexico.feed(500_00)
    card, first, second = mexico.issue("ana", 300_00), mexico.till("bia"), mexico.till("caio")
    taken(first.accept(card.certificate, card.pays(first, 150_00, mexico.now, counter=17), mexico.now))
    taken(second.accept(card.certificate, card.pays(second, 150_00, mexico.now, counter=17), mexico.now))
    mexico.sync("bia", first)
    assert mexico.card(card).state is CardState.ACTIVE
    mexico.sync("caio", second)

    shown = mexico.card(card)
    assert (shown.state, shown.why, len(shown.forks)) == (CardState.FROZEN, FreezeReason.FORK, 2)
    assert (shown.purse, shown.guaranteed) == (hours(150_00), hours(150_00))
    assert (mexico.balance("bia"), mexico.balance("caio")) == (150_00, 150_00)
    assert (mexico.of("guarantee"), mexico.of("purses")) == (350_00, 150_00)
    assert set(mexico.book.ledger.sums().values()) == {0}
    [line] = mexico.statement("caio", "caio")
    assert (line.kind, line.amount, line.counterpart) == ("guarantee", hours(150_00), "guarantee")
    # Both have heard of it, and take it no more.
    mexico.sync("bia", first)
    for till in (first, second):
        assert refusal_of(till.accept(card.certificate, card.pays(till, 1_00, mexico.now), mexico.now)) is CARD_FROZEN
    assert snapshot(copy_of(mexico.written)) == snapshot(mexico.book)


def test_a_merchant_waits_where_the_fund_has_too_little_and_is_paid_once_it_is_fed(mexico: CardGroup) -> None:
    mexico.feed(40_00)
    card, first, second = mexico.issue("ana", 300_00), mexico.till("bia"), mexico.till("caio")
    for till in (first, second):
        taken(till.accept(card.certificate, card.pays(till, 150_00, mexico.now, counter=17), mexico.now))
    mexico.sync("bia", first)
    mexico.sync("caio", second)
    fund = mexico.view("bia", "guarantee-fund.show", "HORA")
    assert (fund.balance, fund.owed, fund.paid, fund.waiting) == (hours(0), hours(110_00), hours(40_00), ("caio",))
    assert mexico.balance("caio") == 40_00
    mexico.feed(200_00)
    fund = mexico.view("bia", "guarantee-fund.show", "HORA")
    assert (fund.balance, fund.owed, fund.paid, fund.waiting) == (hours(90_00), hours(0), hours(150_00), ())
    assert mexico.balance("caio") == 150_00
    assert snapshot(copy_of(mexico.written)) == snapshot(mexico.book)


def test_a_purse_is_loaded_up_to_its_cap_and_unloaded_down_to_nothing(mexico: CardGroup) -> None:
    card = mexico.issue("ana", 250_00)

    def load(minor: int) -> Brought:
        wish = LoadCard(parse_uuid(card.id) or b"", hours(minor))
        return Brought(mexico.sign("cards.load", wish, keys_of("ana")))

    refused = mexico.ask("ana", "cards.load", load(50_01), card.id)
    assert refused == Refused(
        CARD_PURSE_MAX, {"balance": 250_00, "limit": 300_00, "available": 50_00, "currency": "HORA"}
    )
    assert mexico.do("ana", "cards.load", load(50_00), card.id).purse == hours(300_00)
    mexico.pay("ana", "bia", 200_00)
    mexico.do("ana", "cards.unload", UnloadCard(hours(100_00)), card.id)
    assert mexico.refusal("ana", "cards.unload", UnloadCard(hours(200_01)), card.id) is CARD_PURSE_SHORT
    assert mexico.balance("ana") == -400_00
    mexico.pay("ana", "bia", 100_00)
    assert mexico.refusal("ana", "cards.load", load(50_00), card.id) is LIMIT_EXCEEDED
    mexico.do("ana", "cards.end", EndCard(), card.id)
    assert (mexico.balance("ana"), mexico.of("purses")) == (-300_00, 0)
    assert mexico.refusal("ana", "cards.end", EndCard(), card.id) is STATE_CONFLICT
    assert mexico.refusal("ana", "cards.unload", UnloadCard(hours(1)), "nonsense") is NOT_FOUND


def test_what_was_unloaded_while_payments_were_on_their_way_comes_back_of_the_account(mexico: CardGroup) -> None:
    card, till = mexico.issue("ana", 300_00), mexico.till("bia")
    taken(till.accept(card.certificate, card.pays(till, 150_00, mexico.now), mexico.now))
    mexico.do("ana", "cards.unload", UnloadCard(hours(250_00)), card.id)
    mexico.sync("bia", till)
    assert (mexico.balance("bia"), mexico.balance("ana"), mexico.of("purses")) == (150_00, -150_00, 0)
    assert (mexico.card(card).state, mexico.card(card).guaranteed) == (CardState.ACTIVE, hours(0))


def test_a_copy_that_keeps_out_of_the_way_of_counters_is_noticed_when_the_purse_is_empty(mexico: CardGroup) -> None:
    mexico.feed(500_00)
    card, first, second = mexico.issue("ana", 200_00), mexico.till("bia"), mexico.till("caio")
    taken(first.accept(card.certificate, card.pays(first, 180_00, mexico.now, counter=1), mexico.now))
    taken(second.accept(card.certificate, card.pays(second, 180_00, mexico.now, counter=1_000), mexico.now))
    mexico.sync("caio", second)
    mexico.sync("bia", first)
    shown = mexico.card(card)
    assert (shown.why, shown.purse, shown.guaranteed) == (FreezeReason.OVERSPENT, hours(0), hours(160_00))
    assert (mexico.balance("bia"), mexico.balance("caio"), mexico.of("guarantee")) == (180_00, 180_00, 340_00)


def test_who_has_lost_a_card_says_so_and_terminals_hear_of_it(mexico: CardGroup) -> None:
    card, till = mexico.issue("ana", 100_00), mexico.till("bia")
    assert mexico.refusal("bia", "cards.freeze", FreezeCard(), card.id).code == "FORBIDDEN"
    mexico.do("steward", "cards.freeze", FreezeCard(lost=True), card.id)
    # Until it syncs the terminal takes it, and what it takes is settled.
    taken(till.accept(card.certificate, card.pays(till, 30_00, mexico.now), mexico.now))
    assert mexico.sync("bia", till).synced == 1
    assert (mexico.balance("bia"), mexico.card(card).why) == (30_00, FreezeReason.LOST)
    assert refusal_of(till.accept(card.certificate, card.pays(till, 1_00, mexico.now), mexico.now)) is CARD_FROZEN
    assert mexico.refusal("ana", "cards.renew", RenewCard(), card.id) is CARD_FROZEN
    mexico.do("steward", "cards.renew", RenewCard(), card.id)
    mexico.sync("bia", till)
    taken(till.accept(mexico.card(card).certificate, card.pays(till, 30_00, mexico.now), mexico.now))
    assert mexico.sync("bia", till).synced == 2


def test_a_card_that_nobody_has_seen_for_a_fortnight_stops_and_goes_on_once_it_is_seen(mexico: CardGroup) -> None:
    card, till = mexico.issue("ana", 300_00), mexico.till("bia")
    mexico.now += 14 * DAY_MS
    mexico.sync("bia", till)
    taken(till.accept(card.certificate, card.pays(till, 10_00, mexico.now), mexico.now))
    mexico.now += 1
    found = till.accept(card.certificate, card.pays(till, 10_00, mexico.now), mexico.now)
    assert refusal_of(found) is CARD_UNSEEN
    # Its payment reaches the node, which has seen it by that.
    mexico.sync("bia", till)
    fresh = mexico.card(card).certificate
    taken(till.accept(fresh, card.pays(till, 10_00, mexico.now), mexico.now))
    mexico.now += 14 * DAY_MS + 1
    mexico.do("ana", "cards.renew", RenewCard(), card.id)
    fresh = mexico.card(card).certificate
    assert refusal_of(till.accept(fresh, card.pays(till, 10_00, mexico.now), mexico.now)) is TERMINAL_STALE


def test_the_group_sees_the_worst_case_before_it_decides(mexico: CardGroup) -> None:
    for name in ("one", "two", "three"):
        mexico.issue("ana", 0, name)
    for merchant in ("bia", "caio"):
        mexico.till(merchant)
    shown = view_worst_case(mexico.desk(), WorstCaseWanted("HORA"))
    assert not isinstance(shown, Refused)
    assert (shown.cards, shown.terminals, shown.stale, shown.in_a_day) == (3, 2, 0, hours(1_200_00))
    assert (shown.days, shown.at_most) == (14, hours(16_800_00))
    mexico.now += DAY_MS + 1
    shown = view_worst_case(mexico.desk(), WorstCaseWanted("HORA", "50.00", 100, 10))
    assert not isinstance(shown, Refused)
    assert (shown.stale, shown.in_a_day, shown.at_most) == (2, hours(50_000_00), hours(700_000_00))


def test_nobody_leaves_with_a_card_or_a_terminal(mexico: CardGroup) -> None:
    card, till = mexico.issue("ana", 0), mexico.till("bia")
    for handle in ("ana", "bia"):
        wish = Brought(mexico.departure(handle))
        assert mexico.refusal("steward", "members.leave", wish, handle) is CARDS_OPEN
    mexico.do("ana", "cards.end", EndCard(), card.id)
    mexico.do("bia", "terminals.retire", RetireTerminal(), uuid_text(till.papers.grant.terminal))
    for handle in ("ana", "bia"):
        mexico.leave(handle)


def test_what_waits_for_a_coordinator(mexico: CardGroup) -> None:
    card, till, other = mexico.issue("ana", 300_00), mexico.till("bia"), mexico.till("caio")
    assert PRACTICE.week is not None and PRACTICE.today is not None
    assert [one.sentence for one in PRACTICE.week(mexico.desk())] == ["guarantee.low"]
    for one in (till, other):
        taken(one.accept(card.certificate, card.pays(one, 150_00, mexico.now, counter=17), mexico.now))
    mexico.sync("bia", till)
    mexico.sync("caio", other)
    assert [(one.sentence, one.who) for one in PRACTICE.week(mexico.desk())] == [
        ("cards.frozen_fork", "ana"),
        ("guarantee.owed", "HORA"),
    ]
    assert [one.sentence for one in PRACTICE.today(mexico.desk(mexico.actor("ana")))] == ["cards.frozen_fork"]
    mexico.now += 15 * DAY_MS
    mexico.sync("caio", other)
    week = list(PRACTICE.week(mexico.desk()))
    assert [(one.sentence, one.who) for one in week][1:2] == [("terminals.unseen", "bia")]
    assert [one.sentence for one in PRACTICE.today(mexico.desk(mexico.actor("bia")))] == ["terminals.stale"]


def test_a_payment_beyond_the_cap_of_one(mexico: CardGroup) -> None:
    card, till = mexico.issue("ana", 300_00), mexico.till("bia")
    found = till.accept(card.certificate, card.pays(till, 200_01, mexico.now), mexico.now)
    assert refusal_of(found) is CARD_PAYMENT_CAP
