# SPDX-License-Identifier: AGPL-3.0-or-later
"""A signed operation takes a declaration and nothing else: planned, checked and folded, by key and by word."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from protocol.book.book import Book
from protocol.book.declaration import KEY_OR_WORD, Act, Actor, Create, Practice, Role, operation_name
from protocol.book.money import Amount
from protocol.book.personal import text_digest
from protocol.book.refusals import (
    FORBIDDEN,
    KEY_UNKNOWN,
    MALFORMED,
    ORDER_AHEAD,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    ORDER_REPLAYED,
    ORDER_STALE,
    SIGNATURE_INVALID,
    WRONG_NETWORK,
    Reason,
    Refused,
)
from protocol.book.signed import ORDER_SEQ_AHEAD_MAX, Signed, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought, hear
from protocol.practices import PRACTICES
from tests.protocol.book.promises import PRACTICE, KeepPromise, Kept, MakePromise, Promised
from tests.protocol.practices.desk import DAY_MS, ENVELOPE, NETWORK, Group, keys_of

NAME = drawn_id(lambda size: b"p" * size)
SALT = bytes(16)
ALL = (*PRACTICES, PRACTICE)


class Promising(Group):
    """A group whose members may promise one another."""

    practices: ClassVar[tuple[Practice, ...]] = ALL

    def __init__(self) -> None:
        super().__init__(book=Book(NETWORK, ALL))
        self.operations = {operation_name(one): one for practice in ALL for one in practice.operations}

    def promise(self, who: str = "ana", **changed: Any) -> Signed:
        """Return how a member signs that it promises two hours."""
        told = {name: changed.pop(name) for name in ENVELOPE & changed.keys()}
        wish = MakePromise(Amount(2), self.now + DAY_MS, self.account("ana").id, NAME)
        return self.sign("promises.create", replace(wish, **changed), keys_of(who), **told)

    def keep(self, who: str = "ana", name: bytes = NAME, **told: Any) -> Signed:
        return self.sign("promises.keep", KeepPromise(name), keys_of(who), **told)

    def why(self, signed: Signed, who: str = "ana") -> Reason:
        """Return why a promise is refused, having seen that every node refuses an entry of it for the same reason."""
        reason = self.refusal(who, "promises.create", Brought(signed))
        assert self.check(Promised(signed, None)) in (reason, None if reason is FORBIDDEN else reason)
        return reason


@pytest.fixture
def riacho() -> Promising:
    """Ana and Bia with keys, Caio without."""
    group = Promising()
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def test_what_a_key_signs_is_kept_as_it_came_and_what_is_told_as_it_is(riacho: Promising) -> None:
    signed = riacho.promise(note=text_digest(SALT, "weeding"))
    shown = riacho.do("ana", "promises.create", Brought(signed, {"note": "weeding"}, {"note": SALT}))
    assert (shown.account, riacho.texts[shown.note]) == (riacho.account("ana").id, "weeding")
    assert riacho.written[-1].body == Promised(signed, None)
    assert b"weeding" not in riacho.entries[-1].wire
    told = riacho.do("caio", "promises.create", MakePromise(Amount(1), riacho.now, note="mending"))
    word = riacho.written[-1].body
    assert isinstance(word, Promised) and word.signed is None and word.word is not None
    assert (word.word.account, riacho.texts[told.note]) == (riacho.account("caio").id, "mending")
    assert b"mending" not in riacho.entries[-1].wire
    assert riacho.do("ana", "promises.keep", Brought(riacho.keep()), uuid_text(NAME)).kept
    copy = Book(NETWORK, ALL)
    for entered in riacho.written:
        assert copy.check(entered) is None
        copy.apply(entered)
    assert copy.members == riacho.book.members


def test_who_has_no_right_to_say_it_is_refused_alike(riacho: Promising) -> None:
    plain = MakePromise(Amount(1), riacho.now)
    assert riacho.refusal("ana", "promises.create", plain) is FORBIDDEN
    assert riacho.why(riacho.promise("bia"), "bia") is FORBIDDEN
    assert riacho.why(riacho.promise("a stranger")) is KEY_UNKNOWN
    assert riacho.why(riacho.promise(key=keys_of("bia").public)) is SIGNATURE_INVALID
    # Who signed it brings it, or a steward.
    assert riacho.refusal("bia", "promises.create", Brought(riacho.promise())) is FORBIDDEN
    assert riacho.refusal(Actor(Role.AUDITOR), "promises.create", Brought(riacho.promise())) is FORBIDDEN
    riacho.do("steward", "promises.create", Brought(riacho.promise()))
    assert riacho.refusal("bia", "promises.keep", Brought(riacho.keep("bia")), uuid_text(NAME)) is FORBIDDEN
    by_word = riacho.refusal("caio", "promises.keep", KeepPromise(NAME), uuid_text(NAME))
    assert by_word is MALFORMED, "where only a key can say it"


def test_what_does_not_fit_its_envelope_or_its_path_is_refused(riacho: Promising) -> None:
    assert riacho.why(riacho.promise(network=bytes(32))) is WRONG_NETWORK
    assert riacho.why(riacho.promise(operation="promises.keep")) is MALFORMED
    assert riacho.why(riacho.promise(fields=b"\xa0")) is MALFORMED
    assert riacho.why(riacho.promise(promise=None)) is MALFORMED
    assert riacho.why(Signed(b"\xa0", bytes(64))) is MALFORMED
    assert riacho.why(riacho.promise(not_after_ms=riacho.now - 1)) is ORDER_EXPIRED
    noted = riacho.promise(note=text_digest(SALT, "weeding"))
    for text, salts in (("reading", {"note": SALT}), ("weeding", {}), ("weeding", {"note": NAME})):
        brought = Brought(noted, {"note": text}, salts)
        assert riacho.refusal("ana", "promises.create", brought) is ORDER_MISMATCH
    assert riacho.check(Promised(None, None)) is MALFORMED
    assert riacho.check(Promised(noted, MakePromise(Amount(1), 1))) is MALFORMED
    riacho.do("ana", "promises.create", Brought(noted))
    other = riacho.refusal("ana", "promises.keep", Brought(riacho.keep()), uuid_text(bytes(16)))
    assert other is ORDER_MISMATCH
    assert riacho.check(Kept(noted)) is MALFORMED, "one operation's wish is no other's"


def test_numbers_rise_and_none_runs_far_ahead_whatever_the_client_counts(riacho: Promising) -> None:
    """Ana's clock counts milliseconds; a slip to 2^53, or to microseconds, must not shut her key out."""
    for slip in (2**53, riacho.now * 1_000, riacho.now + ORDER_SEQ_AHEAD_MAX + 1):
        refused = riacho.ask("ana", "promises.create", Brought(riacho.promise(order_seq=slip)))
        assert refused == Refused(ORDER_AHEAD, {"order_seq": -1, "maximum": riacho.now + ORDER_SEQ_AHEAD_MAX})
        assert riacho.check(Promised(riacho.promise(order_seq=slip), None)) is ORDER_AHEAD
    riacho.do("ana", "promises.create", Brought(riacho.promise(order_seq=7)))
    riacho.do("ana", "promises.create", Brought(riacho.promise(promise=drawn_id(bytes), order_seq=riacho.now)))
    assert riacho.why(riacho.promise(order_seq=riacho.now)) is ORDER_REPLAYED
    assert riacho.why(riacho.promise(order_seq=8)) is ORDER_STALE
    ahead = riacho.now + ORDER_SEQ_AHEAD_MAX
    riacho.do("ana", "promises.create", Brought(riacho.promise(order_seq=ahead)))
    # Set back by a year, the node's clock shuts nobody out either: what follows the newest number counts.
    riacho.now -= 365 * DAY_MS
    riacho.do("ana", "promises.create", Brought(riacho.promise(order_seq=ahead + 1)))
    assert riacho.member("ana").keys[keys_of("ana").public].order_seq == ahead + 1


def test_a_signature_is_verified_once_and_a_refused_entry_leaves_no_trace(riacho: Promising) -> None:
    signed = riacho.promise()
    assert hear(riacho.book, Promised(signed, None)) is hear(riacho.book, Promised(signed, None))
    forged = replace(signed, signature=bytes(64))
    assert riacho.check(Promised(forged, None)) is SIGNATURE_INVALID
    assert riacho.check(Promised(signed, None)) is None


def test_every_signed_operation_has_entries_that_rest_on_it_and_hold_its_wish() -> None:
    signed = {
        operation_name(one): one
        for practice in ALL
        for one in practice.operations
        if isinstance(one, Create | Act) and one.signed is not None
    }
    kinds: list[Any] = [kind for practice in ALL for kind in practice.entries if hasattr(kind, "OPERATION")]
    assert {kind.OPERATION for kind in kinds} == set(signed)
    for kind in kinds:
        operation = signed[kind.OPERATION]
        assert kind.WISH is operation.wish
        assert ("word" in kind.__dataclass_fields__) is (operation.signed is KEY_OR_WORD)
