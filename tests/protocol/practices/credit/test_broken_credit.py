# SPDX-License-Identifier: AGPL-3.0-or-later
"""Broken variants of cards, savings and demurrage: each dies by the story that is named for it."""

from collections.abc import Callable
from unittest.mock import patch

import pytest

from protocol.book.money import BASIS_POINTS
from protocol.book.refusals import Refused
from protocol.practices.credit.cards import offline, terminals
from protocol.practices.credit.demurrage import state as demurrage
from protocol.practices.credit.savings import sheets
from protocol.practices.credit.savings.state import SavingsGroup
from tests.protocol.practices.credit.cardholders import CardGroup
from tests.protocol.practices.credit.test_cards import (
    mexico as mexico,  # noqa: PLC0414
)
from tests.protocol.practices.credit.test_cards import (
    test_a_terminal_without_a_node_takes_120_and_70_and_not_20_more as card_story,
)
from tests.protocol.practices.credit.test_demurrage import test_2_percent_a_month_of_5400 as demurrage_story
from tests.protocol.practices.credit.test_savings import (
    test_a_loan_fund_of_1_000_and_charges_of_130_are_shared_out_as_452_339_226_113 as savings_story,
)
from tests.protocol.practices.credit.test_savings import (
    tuesday as tuesday,  # noqa: PLC0414
)
from tests.protocol.practices.desk import Group

CAPPED = terminals.capped


def a_day_without_end(payment_cap: int, day_cap: int, spent_minor: int, amount_minor: int, code: str) -> Refused | None:
    """Forget what the card has paid today."""
    del spent_minor
    return CAPPED(payment_cap, day_cap, 0, amount_minor, code)


def by_heads(group: SavingsGroup) -> dict[str, int]:
    """Share alike, whatever each has saved."""
    each, odd = divmod(group.fund_minor, len(group.savers))
    return {member: each + (place < odd) for place, member in enumerate(group.savers)}


def rounded_down(amount_minor: int, basis_points: int) -> int:
    """Leave what is less than a unit with whoever holds it."""
    return amount_minor * basis_points // BASIS_POINTS


def dies(story: Callable[[], None]) -> None:
    with pytest.raises(AssertionError):
        story()


def test_a_card_that_forgets_its_day_dies_by_120_and_70_and_20(mexico: CardGroup) -> None:
    with patch.object(offline, "capped", a_day_without_end), patch.object(terminals, "capped", a_day_without_end):
        dies(lambda: card_story(mexico))


def test_a_share_out_by_heads_dies_by_452_339_226_113(tuesday: tuple[Group, str]) -> None:
    with patch.object(sheets, "shared_out", by_heads):
        dies(lambda: savings_story(tuesday))


def test_demurrage_rounded_down_dies_by_the_fourth_month_of_5400() -> None:
    with patch.object(demurrage, "part_of", rounded_down):
        dies(lambda: demurrage_story({"ana": 5_400_00}))
