# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever is shown can hold references to personal texts, however deep; what cannot is not searched."""

from dataclasses import dataclass, fields

from hypothesis import given
from hypothesis import strategies as st

from node.loop.texts import _carriers, digests, with_texts
from protocol.book.declaration import Page, TextRef
from protocol.book.refusals import Rejection, refuse
from protocol.practices.money.payments.declaration import PaymentShown


@dataclass(frozen=True, slots=True)
class Leg:
    amount: int
    note: TextRef | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    id: str
    legs: tuple[Leg, ...]
    more: dict[str, TextRef]


@dataclass(frozen=True, slots=True)
class Plain:
    id: str
    counts: tuple[int, ...]


def test_references_are_found_and_replaced_at_any_depth() -> None:
    a, b, c = (TextRef(letter * 32) for letter in (b"a", b"b", b"c"))
    shown = Page((Shown("1", (Leg(1, a), Leg(2)), {"x": b}), Plain("2", (1,)), c), 7)
    assert list(digests(shown)) == [a.digest, b.digest, c.digest]
    assert with_texts(shown, {a.digest: "pão", c.digest: "café"}) == Page(
        (Shown("1", (Leg(1, "pão"), Leg(2)), {"x": None}), Plain("2", (1,)), "café"),  # type: ignore[arg-type]
        7,
    )


def test_what_cannot_hold_a_reference_is_the_very_same_afterwards() -> None:
    for shown in (Plain("1", (1, 2)), refuse(Rejection.LIMIT_EXCEEDED, limit=-1), None, "text", 5):
        assert list(digests(shown)) == []
        assert with_texts(shown, {}) is shown
    assert _carriers(Plain) == ()
    assert _carriers(Shown) == ("legs", "more")


def test_of_a_payment_only_what_may_hold_a_text_is_searched() -> None:
    assert 0 < len(_carriers(PaymentShown)) < len(fields(PaymentShown)) / 2


@given(st.recursive(st.booleans(), lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=20))
def test_the_form_of_nested_tuples_stays(shown: object) -> None:
    assert with_texts(shown, {}) == shown
