# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recipes: enterprises that could be founded to make what is bought outside, and where their turnover would go."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import Act, Create, Desk, Doc, Entered, List, Plan, Practice, Show, TextRef, Write
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.personal import salted, shown_text
from protocol.book.private import Owned, Private
from protocol.book.refusals import MALFORMED, NOT_FOUND, Reason, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body
from protocol.practices.chains.entries import (
    ENTERPRISE_KEY,
    ENTERPRISE_KEY_CHARS_MAX,
    RECIPE_SHARES_MAX,
    SHARE_PARTS,
    ChainItem,
    EnterpriseKey,
    MissingLinkState,
    RecipeRemoved,
    RecipeSaid,
    RecipeShare,
)
from protocol.practices.chains.refusals import CHAIN_FULL, ENTERPRISE_TWICE, ENTERPRISE_UNKNOWN, SHARE_ABOVE_ONE
from protocol.practices.chains.state import (
    CHAIN_TEXT_BYTES_MAX,
    RECIPE_LIFE,
    RECIPES_MAX,
    ChainInputs,
    RecipeHeld,
    fold_recipe,
    inputs_of,
    let_go_of,
    owned_texts,
)
from protocol.practices.chains.supply import is_item
from protocol.practices.chains.telling import (
    COORDINATORS,
    NO_VALUE,
    ChainText,
    ShareText,
    first_refused,
    share_parts,
    shown_share,
    shown_value,
    texts_refused,
    value_minor,
)
from protocol.practices.market.intents import PARTS_OF_UNIT
from protocol.wire.shape import AtMost, Range

RECIPE_HOURS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class SpentOn:
    """Which share of its turnover a recipe spends on an item, and with whom."""

    item: Annotated[ChainItem, Doc("what is bought")]
    share: ShareText
    supplier: Annotated[
        str | None, AtMost(ENTERPRISE_KEY_CHARS_MAX), Doc("the short name of an enterprise; default: outside")
    ] = None


@dataclass(frozen=True, slots=True)
class EnterRecipe:
    """Enter an enterprise that could be founded; what it buys, wages and surplus are the whole of its turnover."""

    handle: Annotated[EnterpriseKey, Doc("a short name, seen by all")]
    item: Annotated[ChainItem, Doc("what it would make, as it is named where it is bought")]
    pledged: Annotated[ShareText, Doc("which share of what is bought outside now would be bought of it")]
    wages: ShareText
    surplus: ShareText
    investment: Annotated[Amount, Doc("what founding it costs")]
    buys: Annotated[tuple[SpentOn, ...], AtMost(RECIPE_SHARES_MAX), Doc("what it would buy")] = ()
    minimum: Annotated[Amount, Doc("below so much turnover in a month it cannot work")] = NO_VALUE
    capacity: Annotated[Amount | None, Doc("what it can turn over in a month at most; default: any")] = None
    hours: Annotated[int | None, Range(0, RECIPE_HOURS_MAX), Doc("hours of work in a month")] = None
    name: Annotated[ChainText | None, Doc("what it is called; erasable")] = None


@dataclass(frozen=True, slots=True)
class CorrectRecipe:
    """Correct a recipe: all of it is said anew."""

    item: Annotated[ChainItem, Doc("what it would make, as it is named where it is bought")]
    pledged: Annotated[ShareText, Doc("which share of what is bought outside now would be bought of it")]
    wages: ShareText
    surplus: ShareText
    investment: Annotated[Amount, Doc("what founding it costs")]
    buys: Annotated[tuple[SpentOn, ...], AtMost(RECIPE_SHARES_MAX), Doc("what it would buy")] = ()
    minimum: Annotated[Amount, Doc("below so much turnover in a month it cannot work")] = NO_VALUE
    capacity: Annotated[Amount | None, Doc("what it can turn over in a month at most; default: any")] = None
    hours: Annotated[int | None, Range(0, RECIPE_HOURS_MAX), Doc("hours of work in a month")] = None
    name: Annotated[ChainText | None, Doc("what it is called; the former name is erased")] = None


@dataclass(frozen=True, slots=True)
class RemoveRecipe:
    """Remove a recipe; what it was called is erased."""


@dataclass(frozen=True, slots=True)
class RecipesWanted:
    """All recipes."""


@dataclass(frozen=True, slots=True)
class SpentOnShown:
    """Which share of its turnover a recipe spends on an item, and with whom."""

    item: Annotated[str, Doc("what is bought")]
    share: Annotated[str, Doc("which share, such as 0.5")]
    supplier: Annotated[str | None, Doc("the short name of an enterprise; null: outside")]


@dataclass(frozen=True, slots=True)
class RecipeShown:
    """An enterprise that could be founded."""

    id: Annotated[str, Doc("its id")]
    handle: Annotated[str, Doc("its short name")]
    name: Annotated[TextRef | None, Doc("what it is called; null: not said, or erased")]
    item: Annotated[str, Doc("what it would make")]
    pledged: Annotated[str, Doc("which share of what is bought outside now would be bought of it")]
    buys: Annotated[tuple[SpentOnShown, ...], Doc("what it would buy")]
    wages: Annotated[str, Doc("which share its members would earn")]
    surplus: Annotated[str, Doc("which share would be left over")]
    investment: Annotated[Amount, Doc("what founding it costs")]
    minimum: Annotated[Amount, Doc("below so much turnover in a month it cannot work")]
    capacity: Annotated[Amount | None, Doc("what it can turn over in a month at most; null: any")]
    hours: Annotated[int | None, Doc("hours of work in a month; null: not said")]
    state: Annotated[MissingLinkState, Doc("how far it has come")]
    fulfilled: Annotated[int, Doc("how many orders it has fulfilled")]
    reason: Annotated[TextRef | None, Doc("why it failed; null: it has not, or that was erased")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, RecipeSaid | RecipeRemoved)
    refused = book.misplaced(entered) or against_recipe(inputs_of(book), entered.body)
    return refused.reason if refused else None


def against_recipe(inputs: ChainInputs, body: RecipeSaid | RecipeRemoved) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, RecipeRemoved):
        return None if body.recipe in inputs.recipes else refuse(NOT_FOUND)
    if re.fullmatch(ENTERPRISE_KEY, body.key) is None:
        return refuse(MALFORMED, field="handle", expected="small letters, digits and hyphens, such as soap-2")
    if not is_item(body.item) or not all(is_item(one.item) for one in body.shares):
        return refuse(MALFORMED, field="item", expected="a code of CPC, or words of letters and digits")
    strange = next((one for one in body.shares if one.enterprise and one.enterprise not in inputs.enterprises), None)
    if strange is not None:
        return refuse(ENTERPRISE_UNKNOWN, about=strange.item)
    held = inputs.recipes.get(body.recipe)
    if held is not None and (conflict := RECIPE_LIFE.conflict(held.state, body.KIND)):
        return conflict
    if inputs.recipe_by_key.get(body.key, body.recipe) != body.recipe or body.key in inputs.by_key:
        return refuse(ENTERPRISE_TWICE, about=body.key)
    whole = sum(one.share for one in body.shares) + body.wages + body.surplus
    return None if whole == SHARE_PARTS else refuse(SHARE_ABOVE_ONE, about=body.key)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    assert isinstance(entered.body, RecipeSaid | RecipeRemoved)
    fold_recipe(inputs_of(book), entered.body)
    return ()


def owned(book: Book, body: Body) -> Iterable[Owned]:
    del book
    assert isinstance(body, RecipeSaid)
    return owned_texts(f"recipes/{uuid_text(body.recipe)}", body.name)


def plan_enter(desk: Desk, wish: EnterRecipe) -> Plan | Refused:
    if len(inputs_of(desk.book).recipes) >= RECIPES_MAX:
        return refuse(CHAIN_FULL, maximum=RECIPES_MAX)
    return _plan(desk, drawn_id(desk.chance), wish.handle, wish)


def plan_correct(desk: Desk, name: str, wish: CorrectRecipe) -> Plan | Refused:
    found = recipe_named(inputs_of(desk.book), name)
    if found is None:
        return refuse(NOT_FOUND)
    plan = _plan(desk, found.said.recipe, found.said.key, wish)
    return replace(plan, erases=let_go_of((found.said.name,))) if isinstance(plan, Plan) else plan


def _plan(desk: Desk, recipe: bytes, key: str, wish: EnterRecipe | CorrectRecipe) -> Plan | Refused:
    inputs = inputs_of(desk.book)
    parts = [share_parts(text) for text in (wish.pledged, wish.wages, wish.surplus)]
    shares = [_share_of(inputs, one) for one in wish.buys]
    sums = [value_minor(one) for one in (wish.investment, wish.minimum)]
    capacity = None if wish.capacity is None else value_minor(wish.capacity)
    refused = foremost(texts_refused(name=wish.name), first_refused((*parts, *shares, *sums, capacity)))
    if refused is not None:
        return refused
    assert not isinstance(capacity, Refused)
    pledged, wages, surplus = (one for one in parts if isinstance(one, int))
    investment, minimum = (one for one in sums if isinstance(one, int))
    name, told = salted(desk, wish.name)
    body = RecipeSaid(
        recipe,
        key,
        wish.item,
        pledged,
        tuple(one for one in shares if isinstance(one, RecipeShare)),
        wages,
        surplus,
        investment,
        minimum,
        capacity,
        None if wish.hours is None else wish.hours * PARTS_OF_UNIT,
        name,
    )
    return against_recipe(inputs, body) or Plan(uuid_text(recipe), (Write(body),), told)


def _share_of(inputs: ChainInputs, one: SpentOn) -> RecipeShare | Refused:
    parts = share_parts(one.share)
    supplier = None if one.supplier is None else inputs.by_key.get(one.supplier)
    if one.supplier is not None and supplier is None:
        return refuse(ENTERPRISE_UNKNOWN, about=one.supplier)
    return parts if isinstance(parts, Refused) else RecipeShare(one.item, parts, supplier)


def plan_remove(desk: Desk, name: str, wish: RemoveRecipe) -> Plan | Refused:
    del wish
    found = recipe_named(inputs_of(desk.book), name)
    if found is None:
        return refuse(NOT_FOUND)
    answer = replace(_shown(desk.book, found), name=None, reason=None)
    gone, recipe = let_go_of((found.said.name, found.reason)), found.said.recipe
    return Plan(uuid_text(recipe), (Write(RecipeRemoved(recipe)),), erases=gone, answer=answer)


def view_one(desk: Desk, name: str) -> RecipeShown | Refused:
    found = recipe_named(inputs_of(desk.book), name)
    return refuse(NOT_FOUND) if found is None else _shown(desk.book, found)


def view_all(desk: Desk, wanted: RecipesWanted, after: int) -> Iterable[tuple[int, RecipeShown]]:
    del wanted
    held: list[RecipeHeld] = list(inputs_of(desk.book).recipes.values())
    return ((cursor, _shown(desk.book, one)) for cursor, one in since(held, after))


def recipe_named(inputs: ChainInputs, name: str) -> RecipeHeld | None:
    """Return the recipe that a short name or an id names."""
    return inputs.recipes.get(inputs.recipe_by_key.get(name) or parse_uuid(name) or b"")


def _shown(book: Book, held: RecipeHeld) -> RecipeShown:
    inputs, said = inputs_of(book), held.said
    return RecipeShown(
        uuid_text(said.recipe),
        said.key,
        shown_text(said.name),
        said.item,
        shown_share(said.pledged),
        tuple(
            SpentOnShown(
                one.item, shown_share(one.share), None if one.enterprise is None else inputs.key_of(one.enterprise)
            )
            for one in said.shares
        ),
        shown_share(said.wages),
        shown_share(said.surplus),
        shown_value(said.investment),
        shown_value(said.minimum),
        None if said.capacity is None else shown_value(said.capacity),
        None if said.hours is None else said.hours // PARTS_OF_UNIT,
        held.state,
        held.fulfilled,
        shown_text(held.reason),
    )


PRACTICE = Practice(
    name="recipes",
    entries=(RecipeSaid, RecipeRemoved),
    check=check,
    fold=fold,
    private=(Private("recipe", CHAIN_TEXT_BYTES_MAX, (RecipeSaid,), owned),),
    operations=(
        Create(
            "recipes",
            EnterRecipe,
            plan=plan_enter,
            who=COORDINATORS,
            example=(
                "mutirao recipes create --handle soap --item cleaning --pledged 60% --wages 35% --surplus 15%"
                """ --investment 2700 --buys '{"item":"various","share":"50%"}'"""
            ),
        ),
        Act(
            "recipes",
            "correct",
            CorrectRecipe,
            plan=plan_correct,
            who=COORDINATORS,
            example=(
                "mutirao recipes correct soap --item cleaning --pledged 50% --wages 35% --surplus 15%"
                """ --investment 2700 --buys '{"item":"various","share":"50%"}'"""
            ),
        ),
        Act(
            "recipes", "remove", RemoveRecipe, plan=plan_remove, who=COORDINATORS, example="mutirao recipes remove soap"
        ),
        Show(
            "recipes",
            RecipeShown,
            view=view_one,
            id_is="the recipe's short name, or its id",
            example="mutirao recipes show soap",
        ),
        List("recipes", RecipesWanted, RecipeShown, view=view_all, example="mutirao recipes list"),
    ),
)
