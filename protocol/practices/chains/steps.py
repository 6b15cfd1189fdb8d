# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far a missing link has come: wanted, matched, on trial, stable after three fulfilled orders, or failed.

On trial, orders of members here count by themselves: of the item that the recipe makes, by its code, whoever sells it.
One that is disputed meanwhile counts no more, until both sides settle it as fulfilled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Act, Desk, Doc, Entered, News, Plan, Practice, Write
from protocol.book.ledger import Posting
from protocol.book.personal import salted
from protocol.book.private import Owned, Private
from protocol.book.refusals import MALFORMED, NOT_FOUND, STATE_CONFLICT, Reason, Refused, refuse
from protocol.book.signed import uuid_text
from protocol.lanes.entry import Body
from protocol.practices.chains.entries import MissingLinkState, RecipeFulfilled, RecipeMoved
from protocol.practices.chains.recipes import recipe_named
from protocol.practices.chains.state import (
    CHAIN_TEXT_BYTES_MAX,
    RECIPE_LIFE,
    ChainInputs,
    RecipeHeld,
    fold_order,
    fold_step,
    inputs_of,
    owned_texts,
)
from protocol.practices.chains.telling import COORDINATORS, ChainText, texts_refused
from protocol.practices.market.orders.entries import OrderConfirmed, OrderDisputed, OrderSettled
from protocol.practices.market.orders.state import ORDERS, OrderState
from protocol.practices.market.orders.views import STEPPED_NEWS


@dataclass(frozen=True, slots=True)
class MoveRecipe:
    """Say how far a missing link has come."""

    to: Annotated[MissingLinkState, Doc("wanted, then matched, then trial; failed from each of them")]
    reason: Annotated[ChainText | None, Doc("why it failed; erasable")] = None


@dataclass(frozen=True, slots=True)
class FulfilRecipe:
    """Say that one more order was fulfilled that the node does not know of; with the third on trial it is stable."""


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, RecipeMoved | RecipeFulfilled)
    refused = book.misplaced(entered) or against_step(inputs_of(book), entered.body)
    return refused.reason if refused else None


def against_step(inputs: ChainInputs, body: RecipeMoved | RecipeFulfilled) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    held = inputs.recipes.get(body.recipe)
    if held is None:
        return refuse(NOT_FOUND)
    ends = RECIPE_LIFE.ends(held.state, body.KIND)
    wrong = body.to not in ends if isinstance(body, RecipeMoved) else not ends
    return refuse(STATE_CONFLICT, state=held.state.value) if wrong else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    assert isinstance(entered.body, RecipeMoved | RecipeFulfilled)
    fold_step(inputs_of(book), entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    assert isinstance(entered.body, RecipeMoved | RecipeFulfilled)
    yield _moved(book, inputs_of(book).recipes[entered.body.recipe])


def news_of_order(book: Book, entered: Entered) -> Iterable[News]:
    """Tell all members of a missing link that a step of an order has made stable."""
    for held in inputs_of(book).recipes.values():
        if held.stable_seq == entered.seq:
            yield _moved(book, held)


def _moved(book: Book, held: RecipeHeld) -> News:
    return News("recipe.moved", held.said.key, tuple(book.members), {"state": held.state.value})


def see_order(book: Book, entered: Entered) -> Sequence[Posting]:
    """Count what a member here has ordered and got, and no more what is disputed: part of the fold."""
    body = entered.body
    assert isinstance(body, OrderConfirmed | OrderDisputed | OrderSettled)
    order = book.rows(ORDERS)[body.order]
    if True in order.own_sides:
        item = order.placed.code if order.state is OrderState.FULFILLED else None
        fold_order(inputs_of(book), body.KIND, order.id, item, entered.seq)
    return ()


def owned(book: Book, body: Body) -> Iterable[Owned]:
    del book
    assert isinstance(body, RecipeMoved)
    return owned_texts(f"recipes/{uuid_text(body.recipe)}", body.reason)


def plan_move(desk: Desk, name: str, wish: MoveRecipe) -> Plan | Refused:
    inputs = inputs_of(desk.book)
    held = recipe_named(inputs, name)
    if held is None:
        return refuse(NOT_FOUND)
    refused = texts_refused(reason=wish.reason)
    if wish.reason is not None and wish.to is not MissingLinkState.FAILED:
        refused = refuse(MALFORMED, field="reason", expected="none but of what failed")
    if refused is not None:
        return refused
    reason, told = salted(desk, wish.reason)
    body = RecipeMoved(held.said.recipe, wish.to, reason)
    return against_step(inputs, body) or Plan(uuid_text(body.recipe), (Write(body),), told)


def plan_fulfil(desk: Desk, name: str, wish: FulfilRecipe) -> Plan | Refused:
    del wish
    inputs = inputs_of(desk.book)
    held = recipe_named(inputs, name)
    if held is None:
        return refuse(NOT_FOUND)
    body = RecipeFulfilled(held.said.recipe)
    return against_step(inputs, body) or Plan(uuid_text(body.recipe), (Write(body),))


PRACTICE = Practice(
    name="steps",
    entries=(RecipeMoved, RecipeFulfilled),
    check=check,
    fold=fold,
    news=news,
    after=dict.fromkeys((OrderConfirmed, OrderDisputed, OrderSettled), see_order),
    fills=(STEPPED_NEWS.by(news_of_order),),
    lives=(RECIPE_LIFE,),
    private=(Private("recipe", CHAIN_TEXT_BYTES_MAX, (RecipeMoved,), owned),),
    operations=(
        Act(
            "recipes",
            "move",
            MoveRecipe,
            plan=plan_move,
            who=COORDINATORS,
            example="mutirao recipes move mill --to wanted",
        ),
        Act(
            "recipes", "fulfil", FulfilRecipe, plan=plan_fulfil, who=COORDINATORS, example="mutirao recipes fulfil mill"
        ),
    ),
)
