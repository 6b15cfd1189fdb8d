# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is planned of baskets and weights, and what a member sees of its own; nobody else does, a steward neither.

A steward acts for a member without a key of its own, as everywhere.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan
from protocol.book.members import Member
from protocol.book.parameters import TIME_ZONE
from protocol.book.refusals import MALFORMED, NOT_FOUND, Reason, Refused, Stage, refuse
from protocol.book.signed import parse_uuid
from protocol.lanes.entry import Millis
from protocol.practices.chains.baskets.choosing import (
    BasketBasis,
    Swap,
    spent_inside,
    stays_of,
    swapped,
    swaps_of,
)
from protocol.practices.chains.baskets.effect import effect_of
from protocol.practices.chains.baskets.kept import (
    SHOPPING_BASKETS_MAX,
    WEIGHTS_KIND,
    BasketLine,
    ShoppingKept,
    all_baskets,
    basket_kind,
    kept_item,
    lines_text,
)
from protocol.practices.chains.baskets.wishes import (
    BetterShown,
    BetterWanted,
    EffectShown,
    EffectWanted,
    LineShown,
    RemoveBasket,
    RemoveWeights,
    SetBasket,
    SetWeights,
    ShoppingShown,
    ShoppingWanted,
    SwapShown,
    WeightsShown,
)
from protocol.practices.chains.book_chain import inside_key, value_of_minor
from protocol.practices.chains.campaigned import marked_by, names_in_campaigns
from protocol.practices.chains.entries import SHARE_PARTS
from protocol.practices.chains.figures.basis import makers_of
from protocol.practices.chains.figures.choosing import KnownOfSuppliers, read_weights
from protocol.practices.chains.published.renewal import ChainTelling
from protocol.practices.chains.state import ChainInputs, inputs_of
from protocol.practices.chains.supply import OUTSIDE, is_item
from protocol.practices.chains.telling import shown_value, value_minor
from protocol.practices.chains.written import money_text, share_text
from protocol.practices.marks.campaigns.force import campaign_in_force
from protocol.practices.marks.campaigns.state import Campaigns
from protocol.practices.people.authority import acts_for
from protocol.practices.people.contacts import whose

_FEW_PLACES = 2

BASKETS_FULL = Reason(
    "BASKETS_FULL",
    Stage.RULE,
    422,
    "The member keeps the baskets of as many months as there is room for",
    "The baskets of {maximum} months are kept. Nothing was kept anew.",
    heading="{maximum} months are kept already",
    ways=("remove the oldest: mutirao shopping-baskets remove",),
)
BASKET_EMPTY = Reason(
    "BASKET_EMPTY",
    Stage.SUBJECT,
    404,
    "You have not told what you buy",
    "No basket of yours is kept of that month.",
    heading="No basket is kept yet",
    ways=("say what you buy: mutirao shopping-baskets set",),
)
BASKET_REFUSALS = (BASKETS_FULL, BASKET_EMPTY)


def plan_basket(desk: Desk, wish: SetBasket) -> Plan | Refused:
    member = _own(desk, wish.member)
    if isinstance(member, Refused):
        return member
    lines: list[BasketLine] = []
    for told in wish.lines:
        value = value_minor(told.value)
        if isinstance(value, Refused):
            return value
        supplier = told.supplier.strip() or OUTSIDE
        if not is_item(told.item) or not value:
            return refuse(MALFORMED, field="lines", expected="of each item a word or a code, and what it costs")
        lines.append(BasketLine(told.item, value, supplier))
    if not lines or not 1 <= wish.month % 100 <= 12:
        return refuse(MALFORMED, field="month" if lines else "lines", expected="a month such as 202611, and lines")
    kept = desk.book.of(ShoppingKept).of_member(member.id)
    if wish.month not in kept and len(kept) >= SHOPPING_BASKETS_MAX:
        return refuse(BASKETS_FULL, maximum=SHOPPING_BASKETS_MAX)
    item = kept_item(desk, member.id, basket_kind(wish.month), lines_text(lines))
    name = _name(member.id, wish.month)
    return Plan(name, items=(item,), answer=ShoppingShown(name, wish.month, ()))


def plan_unbasket(desk: Desk, name: str, wish: RemoveBasket) -> Plan | Refused:
    del wish
    found = _found(desk, name)
    if isinstance(found, Refused):
        return found
    member, month, _ = found
    item = kept_item(desk, member, basket_kind(month), "")
    return Plan(name, items=(item,), answer=ShoppingShown(_name(member, month), month, ()))


def view_shopping(desk: Desk, name: str) -> ShoppingShown | Refused:
    found = _found(desk, name)
    return found if isinstance(found, Refused) else _basket_shown(*found)


def list_baskets(desk: Desk, wanted: ShoppingWanted, after: int) -> Iterator[tuple[int, ShoppingShown]] | Refused:
    member = _own(desk, wanted.member)
    if isinstance(member, Refused):
        return member
    months = desk.book.of(ShoppingKept).of_member(member.id)
    return ((month, _basket_shown(member.id, month, lines)) for month, lines in months.items() if month > after)


def plan_weights(desk: Desk, wish: SetWeights) -> Plan | Refused:
    member, weights = _own(desk, wish.member), read_weights(wish.weights)
    for one in (weights, member):
        if isinstance(one, Refused):
            return one
    assert isinstance(member, Member)
    item = kept_item(desk, member.id, WEIGHTS_KIND, wish.weights)
    return Plan(member.id, items=(item,), answer=WeightsShown(member.id, None))


def plan_unweigh(desk: Desk, name: str, wish: RemoveWeights) -> Plan | Refused:
    del wish
    member = _weigher(desk, name)
    if isinstance(member, Refused):
        return member
    item = kept_item(desk, member.id, WEIGHTS_KIND, "")
    return Plan(member.id, items=(item,), answer=WeightsShown(member.id, None))


def view_weights(desk: Desk, name: str) -> WeightsShown | Refused:
    member = _weigher(desk, name)
    if isinstance(member, Refused):
        return member
    return WeightsShown(member.id, desk.book.of(ShoppingKept).weights[member.id])


def list_weights(desk: Desk, wanted: ShoppingWanted, after: int) -> Iterator[tuple[int, WeightsShown]] | Refused:
    member = _own(desk, wanted.member)
    if isinstance(member, Refused):
        return member
    kept = desk.book.of(ShoppingKept).weights.get(member.id)
    return ((place, WeightsShown(member.id, one)) for place, one in enumerate([kept], 1) if one and place > after)


def _weigher(desk: Desk, name: str) -> Member | Refused:
    member = _own(desk, name)
    if isinstance(member, Refused) or member.id not in desk.book.of(ShoppingKept).weights:
        return refuse(NOT_FOUND)
    return member


def _own(desk: Desk, address: str | None) -> Member | Refused:
    """Return the member whose own things somebody may ask for; others are told that there are none."""
    member = whose(desk, address)
    return member if isinstance(member, Refused) or acts_for(desk.actor, member) else refuse(NOT_FOUND)


def _name(member: str, month: int) -> str:
    return f"{member}.{month}"


def _found(desk: Desk, name: str) -> tuple[str, int, tuple[BasketLine, ...]] | Refused:
    address, _, month = name.rpartition(".")
    member = _own(desk, address) if address and month.isascii() and month.isdigit() else refuse(NOT_FOUND)
    if isinstance(member, Refused):
        return refuse(NOT_FOUND)
    lines = desk.book.of(ShoppingKept).of_member(member.id).get(int(month))
    return refuse(NOT_FOUND) if lines is None else (member.id, int(month), lines)


def _basket_shown(member: str, month: int, lines: Sequence[BasketLine]) -> ShoppingShown:
    shown = (LineShown(one.item, shown_value(one.value), one.supplier) for one in lines)
    return ShoppingShown(_name(member, month), month, tuple(shown))


def view_better(desk: Desk, wanted: BetterWanted) -> BetterShown | Refused:
    """Return what a basket keeps and would keep, at once: nobody keeps it, not even to answer the same again."""
    kept, member = desk.book.of(ShoppingKept), desk.actor.member or ""
    months = kept.of_member(member)
    month = max(months, default=0) if wanted.month is None else wanted.month
    if month not in months:
        return refuse(BASKET_EMPTY)
    lines = months[month]
    basis = basket_basis(desk.book, lines, kept.weights.get(member), desk.now)
    swaps = swaps_of(basis, lines)[: wanted.swaps]
    return better_shown(basis, month, lines, swaps)


def basket_basis(book: Book, lines: Sequence[BasketLine], weights: str | None, now: Millis) -> BasketBasis:
    """Return what is known of those of whom a basket's items may be bought."""
    inputs = inputs_of(book)
    told = (one for body in book.of(ChainTelling).own for one in body.shares)
    stays = {one.key: Fraction(one.share, SHARE_PARTS) for one in told}
    items = {one.item for one in lines}
    makers = {item: makers for item, makers in makers_of(inputs).items() if item in items}
    known = {item: _sellers(inputs, item) for item in items}
    asked = {one.supplier for one in lines}
    asked.update(*makers.values(), *known.values())
    read = None if weights is None else read_weights(weights)
    weighed = dict[str, Fraction]() if read is None or isinstance(read, Refused) else read
    return BasketBasis(stays, makers, known, weighed, marked_by(book, now, sorted(asked)))


def _sellers(inputs: ChainInputs, item: str) -> KnownOfSuppliers:
    """Return what is known by criterion of those outside that sell an item."""
    sells = {one.said.supplier for one in inputs.supply.values() if one.said.item == item} - {None}
    found: dict[str, dict[str, Fraction | None]] = {}
    for (enterprise, criterion), one in inputs.criteria.items():
        if enterprise in sells and inside_key(inputs, enterprise) is None:
            value = one.said.value
            known = found.setdefault(inputs.key_of(enterprise), {})
            known[criterion] = None if value is None else Fraction(value, SHARE_PARTS)
    return found


def better_shown(basis: BasketBasis, month: int, lines: Sequence[BasketLine], swaps: Sequence[Swap]) -> BetterShown:
    """Return what a basket keeps, and what it would with these swaps."""
    total = sum(one.value for one in lines)
    steps = [swapped(lines, swaps[:count]) for count in range(len(swaps) + 1)]
    kept = [stays_of(basis, one) / total for one in steps]
    inside, then = (money_text(value_of_minor(spent_inside(basis, one))) for one in (lines, steps[-1]))
    said = f"your basket keeps {_few(kept[0])} here"
    if swaps:
        said += f"; with {'this swap' if len(swaps) == 1 else f'these {len(swaps)} swaps'} {_few(kept[-1])}"
    return BetterShown(
        month=month,
        total=money_text(value_of_minor(total)),
        inside=inside,
        inside_then=then,
        keeps=share_text(kept[0]),
        keeps_then=share_text(kept[-1]),
        boycotted=tuple(dict.fromkeys(one.supplier for one in lines if one.supplier in basis.marks.boycotted)),
        swaps=tuple(_swap_shown(basis, one, share) for one, share in zip(swaps, kept[1:], strict=True)),
        said=said,
    )


def _few(share: Fraction) -> str:
    return f"{float(round(share, _FEW_PLACES)):.{_FEW_PLACES}f}"


def _swap_shown(basis: BasketBasis, one: Swap, share: Fraction) -> SwapShown:
    mark = basis.marks.boycotted.get(one.line.supplier) or basis.marks.supported.get(one.to)
    return SwapShown(
        one.line.item,
        money_text(value_of_minor(one.line.value)),
        one.line.supplier,
        one.to,
        one.inside,
        share_text(share),
        None if mark is None else mark.why,
    )


def view_effect(desk: Desk, wanted: EffectWanted) -> EffectShown | Refused:
    """Return what members have stopped buying by a campaign that counts here, or buy more."""
    book = desk.book
    found = campaign_in_force(book, parse_uuid(wanted.campaign) or b"", desk.now)
    if found is None:
        return refuse(NOT_FOUND)
    local = book.parameter(TIME_ZONE).local(_began(book, found.network, found.campaign))
    month = local.year * 100 + local.month

    def is_covered(supplier: str) -> bool:
        return any(map(found.covers, names_in_campaigns(book, supplier)))

    effect = effect_of(all_baskets(book), month, is_covered)
    if effect is None:
        return EffectShown(wanted.campaign, found.kind, None, None, None, None)
    before, since = (value_of_minor(1) * one for one in (effect.before, effect.since))
    told = (money_text(before), money_text(since), money_text(since - before))
    return EffectShown(wanted.campaign, found.kind, effect.members, *told)


def _began(book: Book, network: bytes, campaign: bytes) -> Millis:
    """Return when a campaign that counts began to: adopted here, or followed."""
    state = book.of(Campaigns)
    own = state.by_id.get(campaign) if network == book.network else None
    if own is not None:
        return own.adopted_ms or own.at_ms
    held = state.follows.get((network, campaign)) or state.follows[network, None]
    return held.at_ms
