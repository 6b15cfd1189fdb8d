# SPDX-License-Identifier: AGPL-3.0-or-later
"""A practice has accounts of its own in every currency, from its first entry on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest

from protocol.book.book import Book
from protocol.book.declaration import Entered, Practice, SystemAccount, Write
from protocol.book.declaration import Plan as Planned
from protocol.book.ledger import Posting
from protocol.practices import PRACTICES
from protocol.practices.people.members.views import Join
from protocol.practices.people.names import HANDLE_TAKEN
from protocol.wire.shape import AtMost
from tests.protocol.practices.desk import NETWORK, Group, copy_of, snapshot

POT = SystemAccount("pot", "what was saved together")


@dataclass(frozen=True, slots=True)
class Saved:
    """A member puts something into the pot."""

    KIND: ClassVar[str] = "pots/saved"
    account: Annotated[str, AtMost(64)]
    amount: int


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, Saved)
    if not body.amount:
        return ()
    pot = POT.of(book.ledger.accounts[body.account].currency)
    return (Posting(body.account, -body.amount), Posting(pot, body.amount))


POTS = Practice("pots", (Saved,), fold=fold, accounts=(POT,))


def group() -> Group:
    found = Group(book=Book(NETWORK, (*PRACTICES, POTS)))
    found.currency()
    found.admit("ana")
    return found


def save(group: Group, amount: int, currency: str = "HORA") -> None:
    group.carry_out(Planned("", (Write(Saved(group.account("ana", currency).id, amount)),)))


def test_an_account_opens_with_its_practice_and_not_with_its_program() -> None:
    riacho = group()
    assert "pot.HORA" not in riacho.book.ledger.accounts, "books of networks that never save must stay as they were"
    save(riacho, 4_00)
    assert riacho.balance("ana") == -4_00
    pot = riacho.book.ledger.accounts["pot.HORA"]
    assert (pot.balance_minor, pot.member, pot.arrival) == (4_00, None, len(riacho.entries) - 1)
    assert riacho.book.name_of("pot.HORA") == "pot"


def test_a_currency_that_comes_later_has_the_accounts_of_all_practices_in_use() -> None:
    riacho = group()
    save(riacho, 0)
    riacho.currency("FLOR")
    assert {name for name in riacho.book.ledger.accounts if name.endswith(".FLOR")} == {
        "commons.FLOR", "holds.FLOR", "exchange.FLOR", "pot.FLOR"
    }  # fmt: skip


def test_another_node_opens_them_at_the_same_places() -> None:
    riacho = group()
    riacho.currency("FLOR")
    save(riacho, 1_00)
    other = Book(NETWORK, (*PRACTICES, POTS))
    for entered in riacho.written:
        assert other.check(entered) is None
        other.apply(entered)
    assert snapshot(other) == snapshot(riacho.book)
    assert list(other.ledger.accounts) == list(riacho.book.ledger.accounts)
    with pytest.raises(KeyError):
        copy_of(riacho.written)


def test_nobody_joins_under_the_name_of_an_account() -> None:
    riacho = group()
    for name in ("pot", "commons"):
        wish = Join(riacho.invite(), name, None, riacho.joining(name))
        assert riacho.refusal("steward", "members.join", wish) is HANDLE_TAKEN


def test_two_practices_cannot_declare_one_account() -> None:
    with pytest.raises(AssertionError, match="two practices declare one account"):
        Book(NETWORK, (*PRACTICES, POTS, Practice("fairs", (), accounts=(POT,))))
