# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever is shown can hold references to personal texts, however deep; what cannot is not searched."""

import json
from dataclasses import dataclass, fields

from hypothesis import given
from hypothesis import strategies as st

from node.loop.texts import _carriers, digests, filled, marked, with_texts
from protocol.book.declaration import Page, TextRef
from protocol.book.private import PrivateItem
from protocol.book.refusals import LIMIT_EXCEEDED, refuse
from protocol.practices.money.payments.views import PaymentShown


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


def note(digest: bytes, text: str, *, seen: str = "") -> PrivateItem:
    return PrivateItem(digest, "ana", "note", "payments/1", text.encode(), seen, 0)


def test_references_are_found_and_replaced_at_any_depth() -> None:
    a, b, c = (TextRef(letter * 32) for letter in (b"a", b"b", b"c"))
    shown = Page((Shown("1", (Leg(1, a), Leg(2)), {"x": b}), Plain("2", (1,)), c), 7)
    assert list(digests(shown)) == [a.digest, b.digest, c.digest]
    kept = {one.digest: note(one.digest, text) for one, text in ((a, "pão"), (c, "café"))}
    assert with_texts(shown, kept) == Page(
        (Shown("1", (Leg(1, "pão"), Leg(2)), {"x": None}), Plain("2", (1,)), "café"),  # type: ignore[arg-type]
        7,
    )


def test_what_cannot_hold_a_reference_is_the_very_same_afterwards() -> None:
    for shown in (Plain("1", (1, 2)), refuse(LIMIT_EXCEEDED, limit=-1), None, "text", 5):
        assert list(digests(shown)) == []
        assert with_texts(shown, {}) is shown
    assert _carriers(Plain) == ()
    assert _carriers(Shown) == ("legs", "more")


def test_of_a_payment_only_what_may_hold_a_text_is_searched() -> None:
    assert 0 < len(_carriers(PaymentShown)) < len(fields(PaymentShown)) / 2


def test_what_not_everybody_may_read_is_told_only_to_whom_it_is_meant_for() -> None:
    phone = b"p" * 32
    kept = {phone: note(phone, "+55 11 5555", seen="stewards")}
    for allowed, told in ((frozenset({"members"}), None), (frozenset({"members", "stewards"}), "+55 11 5555")):
        assert with_texts(TextRef(phone, allowed), kept) == told
    assert with_texts(TextRef(phone, None, "/picture"), kept) == "/picture"


async def test_what_is_remembered_of_an_answer_names_texts_and_holds_none() -> None:
    scope = bytes.fromhex("ab" * 32)
    texts = {letter * 32: note(letter * 32, text) for letter, text in ((b"a", 'a "b" \n ó'), (b"c", "s"))}
    shown = (TextRef(b"a" * 32), TextRef(b"b" * 32), TextRef(b"c" * 32, frozenset({"x", "y"})), "plain", None)

    async def items(wanted: set[bytes]) -> dict[bytes, PrivateItem]:
        return {digest: item for digest, item in texts.items() if digest in wanted}

    body = json.dumps(marked(shown, scope)).encode()
    assert b"a \\" not in body and b"plain" in body
    assert json.loads(await filled(body, scope, items)) == ['a "b" \n ó', None, None, "plain", None]
    texts.clear()
    assert json.loads(await filled(body, scope, items)) == [None, None, None, "plain", None]


async def test_a_mark_that_somebody_has_written_names_nothing() -> None:
    async def items(wanted: set[bytes]) -> dict[bytes, PrivateItem]:
        raise AssertionError("nothing is wanted")

    body = json.dumps(marked((TextRef(b"a" * 32),), b"s" * 32)).encode()
    assert await filled(body, b"t" * 32, items) == body


@given(st.recursive(st.booleans(), lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=20))
def test_the_form_of_nested_tuples_stays(shown: object) -> None:
    assert with_texts(shown, {}) == shown
