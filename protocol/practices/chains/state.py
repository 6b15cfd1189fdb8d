# SPDX-License-Identifier: AGPL-3.0-or-later
"""A productive chain as the book keeps it: enterprises, what is bought, recipes, criteria."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from protocol.book.book import Book
from protocol.book.lifecycle import Lifecycle
from protocol.book.private import Owned
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.practices.chains.entries import (
    CriterionRemoved,
    CriterionSaid,
    EnterpriseRemoved,
    EnterpriseSaid,
    MissingLinkState,
    RecipeFulfilled,
    RecipeMoved,
    RecipeRemoved,
    RecipeSaid,
    SheetsTaken,
    SupplyRelation,
    SupplyRemoved,
    SupplySaid,
)
from protocol.practices.market.orders.entries import OrderConfirmed, OrderDisputed, OrderSettled

ENTERPRISES_MAX = 2_000
"""Enterprises of one network's chain."""
SUPPLY_RELATIONS_MAX = 20_000
RECIPES_MAX = 200
CRITERIA_MAX = 10_000
CHAIN_TEXT_CHARS_MAX = 200
"""What an enterprise is called, and what a figure rests on."""
CHAIN_TEXT_BYTES_MAX = 4 * CHAIN_TEXT_CHARS_MAX
STABLE_ORDERS = 3
"""Orders that a missing link on trial has to fulfil before it is stable."""
_S, _SAID, _MOVED, _FULFILLED = MissingLinkState, RecipeSaid.KIND, RecipeMoved.KIND, RecipeFulfilled.KIND
RECIPE_LIFE = Lifecycle(
    "recipes",
    MissingLinkState,
    {
        (None, _SAID): _S.OUTSIDE,
        **{(state, _SAID): state for state in _S},
        (_S.OUTSIDE, _MOVED): _S.WANTED,
        (_S.WANTED, _MOVED): (_S.MATCHED, _S.FAILED),
        (_S.MATCHED, _MOVED): (_S.TRIAL, _S.FAILED),
        (_S.TRIAL, _MOVED): _S.FAILED,
        (_S.STABLE, _MOVED): _S.FAILED,
        (_S.TRIAL, _FULFILLED): (_S.TRIAL, _S.STABLE),
        (_S.STABLE, _FULFILLED): _S.STABLE,
        (_S.TRIAL, OrderConfirmed.KIND): (_S.TRIAL, _S.STABLE),
        (_S.TRIAL, OrderSettled.KIND): (_S.TRIAL, _S.STABLE),
        (_S.TRIAL, OrderDisputed.KIND): _S.TRIAL,
    },
)
PaidPlace = tuple[bytes | None, bytes, int]
"""A buyer (None: households), a seller, and a month."""


@dataclass(slots=True)
class EnterpriseHeld:
    """An enterprise, and where it was said first: a cursor that grows with each thing."""

    arrival: int
    said: EnterpriseSaid


@dataclass(slots=True)
class SupplyHeld:
    """A relation, and where it was said: a cursor that grows with each."""

    arrival: int
    said: SupplyRelation


@dataclass(slots=True)
class RecipeHeld:
    """A recipe, where it was said, and how far the missing link that it is has come."""

    arrival: int
    said: RecipeSaid
    state: MissingLinkState
    fulfilled: int = 0
    """Orders that were fulfilled."""
    reason: bytes | None = None
    """The digest of why it failed."""
    orders: tuple[bytes, ...] = ()
    """Those that counted by themselves while it was on trial: no more than make it stable."""
    stable_seq: int | None = None
    """The place in the ledger of an order's step that made it stable; None: no order did."""


@dataclass(slots=True)
class CriterionHeld:
    """What a criterion says of an enterprise, and where it was said."""

    arrival: int
    said: CriterionSaid


@dataclass(slots=True)
class SheetsHeld:
    """Sheets that were taken in, and where."""

    arrival: int
    at_ms: int
    said: SheetsTaken


@dataclass(slots=True)
class ChainInputs:
    """All that a chain is made of, each in the order in which it came."""

    enterprises: dict[bytes, EnterpriseHeld] = field(default_factory=dict[bytes, EnterpriseHeld])
    by_key: dict[str, bytes] = field(default_factory=dict[str, bytes])
    supply: dict[bytes, SupplyHeld] = field(default_factory=dict[bytes, SupplyHeld])
    recipes: dict[bytes, RecipeHeld] = field(default_factory=dict[bytes, RecipeHeld])
    recipe_by_key: dict[str, bytes] = field(default_factory=dict[str, bytes])
    criteria: dict[tuple[bytes, str], CriterionHeld] = field(default_factory=dict[tuple[bytes, str], CriterionHeld])
    sheets: dict[bytes, SheetsHeld] = field(default_factory=dict[bytes, SheetsHeld])
    by_member: dict[str, tuple[bytes, ...]] = field(default_factory=dict[str, tuple[bytes, ...]])
    """Which enterprises a member stands for."""
    paid: dict[PaidPlace, int] = field(default_factory=dict[PaidPlace, int])
    """What buyers have paid to sellers in a month by payments in the book, less what was paid back, in hundredths."""
    places: int = 0
    """How many things have come: the cursors of lists."""

    def next_place(self) -> int:
        """Return the place of what comes next: part of the fold."""
        self.places += 1
        return self.places

    def key_of(self, enterprise: bytes) -> str:
        """Return the short key of an enterprise that there is."""
        return self.enterprises[enterprise].said.key

    def named_by(self, enterprise: bytes) -> int:
        """Return how many relations, recipes and criteria name an enterprise."""
        bought = sum(enterprise in (one.said.buyer, one.said.supplier) for one in self.supply.values())
        made = sum(any(share.enterprise == enterprise for share in one.said.shares) for one in self.recipes.values())
        return bought + made + sum(name == enterprise for name, _ in self.criteria)


def inputs_of(book: Book) -> ChainInputs:
    """Return what a book says of its chain."""
    return book.of(ChainInputs)


def enterprise_of(book: Book, address: str) -> EnterpriseSaid | Refused:
    """Return the enterprise that a short key or an id names."""
    inputs = inputs_of(book)
    found = inputs.enterprises.get(inputs.by_key.get(address) or parse_uuid(address) or b"")
    return refuse(NOT_FOUND) if found is None else found.said


def text_owner(digest: bytes) -> str:
    """Return as whose a text is kept: each is its own owner's, so that it can be erased alone."""
    return f"chain-{digest[:16].hex()}"


def owned_texts(about: str, *digests: bytes | None) -> Iterator[Owned]:
    """Yield the texts that an entry names."""
    return (Owned(digest, text_owner(digest), about) for digest in digests if digest is not None)


def let_go_of(before: Iterable[bytes | None]) -> tuple[str, ...]:
    """Return the owners of texts that nothing names any more: what a plan erases."""
    return tuple(text_owner(digest) for digest in before if digest is not None)


def trial_of(inputs: ChainInputs) -> ChainInputs:
    """Return inputs that stand where these do: what is folded into them changes nothing here."""
    return ChainInputs(
        dict(inputs.enterprises),
        dict(inputs.by_key),
        dict(inputs.supply),
        dict(inputs.recipes),
        dict(inputs.recipe_by_key),
        dict(inputs.criteria),
        dict(inputs.sheets),
        dict(inputs.by_member),
        dict(inputs.paid),
        inputs.places,
    )


def fold_enterprise(inputs: ChainInputs, said: EnterpriseSaid | EnterpriseRemoved) -> None:
    """Keep what is said of an enterprise."""
    before = inputs.enterprises.get(said.enterprise)
    if before is not None:
        del inputs.by_key[before.said.key]
        _stand(inputs, before.said.member, said.enterprise, stands=False)
    if isinstance(said, EnterpriseRemoved):
        del inputs.enterprises[said.enterprise]
        for place in [one for one in inputs.paid if said.enterprise in one[:2]]:
            del inputs.paid[place]
        return
    _stand(inputs, said.member, said.enterprise, stands=True)
    arrival = inputs.next_place() if before is None else before.arrival
    inputs.enterprises[said.enterprise] = EnterpriseHeld(arrival, said)
    inputs.by_key[said.key] = said.enterprise


def _stand(inputs: ChainInputs, member: str | None, enterprise: bytes, *, stands: bool) -> None:
    """Note that a member stands for an enterprise, or does no more."""
    if member is not None:
        others = tuple(one for one in inputs.by_member.get(member, ()) if one != enterprise)
        inputs.by_member[member] = (*others, enterprise) if stands else others


def fold_supply(inputs: ChainInputs, said: SupplySaid | SupplyRemoved) -> None:
    """Keep what is said of relations."""
    if isinstance(said, SupplyRemoved):
        for name in said.relations:
            del inputs.supply[name]
        return
    for one in said.relations:
        before = inputs.supply.get(one.relation)
        arrival = inputs.next_place() if before is None else before.arrival
        inputs.supply[one.relation] = SupplyHeld(arrival, one)


def fold_recipe(inputs: ChainInputs, said: RecipeSaid | RecipeRemoved) -> None:
    """Keep what is said of a recipe."""
    before = inputs.recipes.get(said.recipe)
    if before is not None:
        del inputs.recipe_by_key[before.said.key]
    if isinstance(said, RecipeRemoved):
        del inputs.recipes[said.recipe]
        return
    state = RECIPE_LIFE.after(None if before is None else before.state, said.KIND)
    inputs.recipes[said.recipe] = (
        RecipeHeld(inputs.next_place(), said, state) if before is None else replace(before, said=said, state=state)
    )
    inputs.recipe_by_key[said.key] = said.recipe


def fold_step(inputs: ChainInputs, said: RecipeMoved | RecipeFulfilled) -> None:
    """Keep how far a missing link has come."""
    before = inputs.recipes[said.recipe]
    if isinstance(said, RecipeMoved):
        state = RECIPE_LIFE.after(before.state, said.KIND, said.to)
        inputs.recipes[said.recipe] = replace(before, state=state, reason=said.reason)
        return
    inputs.recipes[said.recipe] = _counted(before, said.KIND, 1)


def fold_order(inputs: ChainInputs, kind: str, order: bytes, item: str | None, seq: int) -> None:
    """Count an order that is fulfilled now, with missing links on trial that make its item; no item: no more.

    Called after each step of an order that may fulfil or dispute it, of a kind and at a place of the ledger. What is
    not on trial stays as it is.
    """
    for recipe, held in inputs.recipes.items():
        is_counted = order in held.orders
        counts = item is not None and (is_counted or item == held.said.item)
        if counts is is_counted or not RECIPE_LIFE.allows(held.state, kind):
            continue
        orders = (*held.orders, order) if counts else tuple(one for one in held.orders if one != order)
        after = replace(_counted(held, kind, 1 if counts else -1), orders=orders)
        inputs.recipes[recipe] = replace(after, stable_seq=None if after.state is held.state else seq)


def _counted(held: RecipeHeld, kind: str, change: int) -> RecipeHeld:
    """Return a recipe with an order more or less, by an entry of a kind."""
    orders, ends = held.fulfilled + change, RECIPE_LIFE.ends(held.state, kind)
    state = MissingLinkState.STABLE if orders >= STABLE_ORDERS and MissingLinkState.STABLE in ends else ends[0]
    return replace(held, state=state, fulfilled=orders)


def fold_criterion(inputs: ChainInputs, said: CriterionSaid | CriterionRemoved) -> None:
    """Keep what is said by a criterion."""
    place = said.enterprise, said.criterion
    before = inputs.criteria.get(place)
    if isinstance(said, CriterionRemoved):
        del inputs.criteria[place]
        return
    arrival = inputs.next_place() if before is None else before.arrival
    inputs.criteria[place] = CriterionHeld(arrival, said)
