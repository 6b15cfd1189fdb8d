# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members wish of offers and needs, and how these are shown."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import At, Doc, OneOf, Ref, Seers, ToldOnce
from protocol.book.money import Amount
from protocol.book.publishing import SEEN_BY_MAX
from protocol.practices.market.cost_sheets import CostKind
from protocol.practices.market.hours import SinceText, UntilText
from protocol.practices.market.intents import (
    INTENT_TEXT_CHARS_MAX,
    INTENT_TITLE_CHARS_MAX,
    LABELS_MAX,
    PRICES_MAX,
    Label,
)
from protocol.practices.market.marked import MARK_CHARS_MAX
from protocol.practices.market.places import PlaceText
from protocol.wire.shape import AtMost, Range

INTENT_DAYS_MAX = 92
"""An offer that nobody renews in a season is stale; and what is withdrawn keeps its place on the board no longer."""
INTENT_DAYS = 30
QUANTITY_CHARS_MAX = 64
CODE_CHARS = 5
PRICE_SHARES = (*CostKind, "surplus", "fund")
WITHIN_KM_MAX = 20_000

IntentDays = Annotated[int, Range(1, INTENT_DAYS_MAX), Doc("in how many days it lapses, unless it is renewed")]
WithinKm = Annotated[int | None, Range(1, WITHIN_KM_MAX), Doc("how many kilometres away it may be")]


@dataclass(frozen=True, slots=True)
class IntentSaid:
    """What is said of an offer or a need."""

    title: Annotated[str, AtMost(INTENT_TITLE_CHARS_MAX), Doc("what it is, in a few words")]
    text: Annotated[str, AtMost(INTENT_TEXT_CHARS_MAX), Doc("more about it")] = ""
    code: Annotated[
        str, AtMost(CODE_CHARS), Doc("which item it is: five digits of CPC 2.1, see `mutirao item-codes list`")
    ] = ""
    quantity: Annotated[
        str | None,
        AtMost(QUANTITY_CHARS_MAX),
        Doc('how much of it, such as "12 kg" or "1,5 l"; default: as much as is asked for'),
    ] = None
    unit: Annotated[
        str | None, AtMost(QUANTITY_CHARS_MAX), Doc("of what the price is, such as kg; default: the quantity's unit")
    ] = None
    language: Annotated[
        str | None,
        AtMost(2),
        Doc("in the way of which language the quantity is written: es, pt, en, fr or ca; default: it must be clear"),
    ] = None
    prices: Annotated[
        tuple[Amount, ...],
        AtMost(PRICES_MAX),
        Doc(
            "the price of ONE unit of the quantity (of one g, where you say 500 g; of one kg with --unit kg), in a"
            " currency of the network, or of each in several; none: as agreed"
        ),
    ] = ()
    state_money: Annotated[
        tuple[Amount, ...],
        AtMost(PRICES_MAX),
        Doc("what is asked in state money beside each price, in the same order; its code is that of ISO 4217"),
    ] = ()
    labels: Annotated[tuple[Label, ...], AtMost(LABELS_MAX), Doc("marks such as organic")] = ()
    place: PlaceText = None
    since: SinceText = None
    until: UntilText = None
    days: IntentDays = INTENT_DAYS


@dataclass(frozen=True, slots=True)
class IntentPublished(IntentSaid):
    """What is said once, as it is put on the board: who reads it, and whose it is."""

    seers: Annotated[Seers | None, Doc("who reads it; default: federations, where yours is in any, else all")] = None
    federations: Annotated[
        tuple[str, ...],
        AtMost(SEEN_BY_MAX),
        Doc("where members of federations read it: of which, by their ids; of all that yours is in, if none is named"),
    ] = ()
    member: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose, where a steward says it; default: yours")
    ] = None


CostSheetNamed = Annotated[
    str | None,
    AtMost(ADDRESS_CHARS_MAX),
    Ref("cost-sheets"),
    Doc("your cost sheet, by its id: its price, one, covers that, and all may read why it has this price"),
]


@dataclass(frozen=True, slots=True)
class PublishOffer(IntentPublished):
    """Offer something: to your own group, to the members of federations, or to everybody."""

    cost_sheet: CostSheetNamed = None


@dataclass(frozen=True, slots=True)
class PublishNeed(IntentPublished):
    """Say what you need: to your own group, to the members of federations, or to everybody."""

    within_km: WithinKm = None


@dataclass(frozen=True, slots=True)
class ReplaceOffer(IntentSaid):
    """Say an offer anew, all of it; it stands as long as it would have, or longer, and the same read it."""

    cost_sheet: CostSheetNamed = None


@dataclass(frozen=True, slots=True)
class ReplaceNeed(IntentSaid):
    """Say a need anew, all of it; it stands as long as it would have, or longer, and the same read it."""

    within_km: WithinKm = None


@dataclass(frozen=True, slots=True)
class WithdrawOffer:
    """Offer it no more: no node keeps what it said."""


@dataclass(frozen=True, slots=True)
class WithdrawNeed:
    """Need it no more: no node keeps what it said."""


@dataclass(frozen=True, slots=True)
class IntentsWanted:
    """Which of those that this node may see; all conditions hold together."""

    search: Annotated[
        str | None,
        AtMost(INTENT_TITLE_CHARS_MAX),
        Doc("only what all these words find, or beginnings of words, in any order; accents do not matter"),
    ] = None
    code: Annotated[str | None, AtMost(CODE_CHARS), Doc("only items whose code begins so, such as 231")] = None
    network: Annotated[str | None, Doc("only those of this network, by its handle or id")] = None
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("only those of members of this handle")] = None
    label: Annotated[Label | None, Doc("only those with this mark")] = None
    near: PlaceText = None
    within_km: Annotated[int | None, Range(1, WITHIN_KM_MAX), Doc("only those so near to that place")] = None


@dataclass(frozen=True, slots=True)
class OffersWanted(IntentsWanted):
    """Which offers: of those that this node may see, where all conditions hold."""

    max_price: Annotated[
        str | None, AtMost(QUANTITY_CHARS_MAX), Doc('only those whose unit costs at most so much, such as "5.00 FLOR"')
    ] = None
    verified: Annotated[
        str | None,
        AtMost(MARK_CHARS_MAX),
        Doc("only those that bear a label which counts for them here and now: of this scheme, by its name or id"),
    ] = None


@dataclass(frozen=True, slots=True)
class NeedsWanted(IntentsWanted):
    """Which needs: of those that this node may see, where all conditions hold."""


@dataclass(frozen=True, slots=True)
class QuantityShown:
    """So much of a unit."""

    value: Annotated[str, Doc("a decimal, exact")]
    unit: Annotated[str, Doc("the unit's code of UN/CEFACT Recommendation 20")]
    symbol: Annotated[str, Doc("the unit as it is printed")]


@dataclass(frozen=True, slots=True)
class PriceShown:
    """What one unit costs."""

    amount: Annotated[Amount, Doc("in a currency of its network")]
    per: Annotated[str, Doc("of one of what: the unit as it is printed, such as g, or piece")]
    total: Annotated[Amount | None, Doc("what all of the quantity comes to; null: as much as is asked for")]
    beside: Annotated[Amount | None, Doc("what is asked in state money beside it")]
    here: Annotated[Amount | None, Doc("about what the amount is in your network's currency, by the rates of a link")]


@dataclass(frozen=True, slots=True)
class IntentShown:
    """What a member offers or needs."""

    id: Annotated[str, Doc("its id; behind an @ the network's, where it is another than yours")]
    network: Annotated[str, Doc("whose member it is, by the network's id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    member: Annotated[str, Doc("the member's handle")]
    title: Annotated[str | None, ToldOnce, Doc("what it is; null where an answer is told again, as text and place are")]
    text: Annotated[str | None, ToldOnce, Doc("more about it")]
    code: Annotated[str | None, Doc("the item's code, five digits of CPC 2.1")]
    quantity: Annotated[QuantityShown | None, Doc("how much of it; null: as much as is asked for")]
    unit: Annotated[str | None, Doc("the code of the unit of which the prices are")]
    prices: Annotated[tuple[PriceShown, ...], Doc("what one unit costs, any of them; none: as agreed")]
    labels: Annotated[tuple[str, ...], Doc("its marks")]
    place: Annotated[str | None, ToldOnce, Doc("where it is, to about a kilometre")]
    km: Annotated[int | None, Doc("how many kilometres that is from the place that was asked about")]
    since: Annotated[At | None, Doc("from when on it is to be had")]
    until: Annotated[At | None, Doc("until when it is to be had")]
    seers: Annotated[Seers, Doc("who reads it")]
    federations: Annotated[tuple[str, ...], Doc("where members of federations read it, the ids of these")]
    version: Annotated[int, Doc("grows each time that it is replaced, or signed by a new key")]
    ends_at: Annotated[At, Doc("when it lapses")]


@dataclass(frozen=True, slots=True)
class MarkShown:
    """A scheme of which a member bears a label that counts for what it offers."""

    id: Annotated[str, Doc("the scheme's id")]
    name: Annotated[str, Doc("what people call it")]


@dataclass(frozen=True, slots=True)
class PriceShare:
    """A part of a price."""

    name: Annotated[str, Doc("what it is for")]
    kind: Annotated[str, OneOf(PRICE_SHARES), Doc("what sort of part; surplus: what is left over for the maker")]
    amount: Amount
    share: Annotated[str, Doc("its share of the price")]


@dataclass(frozen=True, slots=True)
class WhyPrice:
    """Why an offer has its price: what one unit costs who makes it, and what becomes of the rest."""

    sheet: Annotated[str, Doc("the cost sheet, by its id; behind an @ the network, where it is another than yours")]
    price: Annotated[Amount, Doc("what one unit costs")]
    cost: Annotated[Amount, Doc("what one unit costs who makes it")]
    floor: Annotated[Amount, Doc("the fair floor: the least price that covers that, and the fund's part")]
    maker: Annotated[Amount, Doc("what stays with who makes it: its labour, and what is left over")]
    advance: Annotated[str | None, Doc("which part is paid once an order is accepted, without interest")]
    shares: Annotated[tuple[PriceShare, ...], Doc("what the price is made of; they are the whole of it")]
    at: Annotated[At, Doc("of when the cost sheet is")]


@dataclass(frozen=True, slots=True)
class OfferShown(IntentShown):
    """What a member offers."""

    verified: Annotated[tuple[MarkShown, ...], Doc("the schemes whose labels count for it, as this node has verified")]
    picture: Annotated[str | None, Doc("the SHA-256 of its picture, in hexadecimal; its home shows that")]
    why: Annotated[
        WhyPrice | None, ToldOnce, Doc("why it has this price; null: it names no cost sheet that is known here")
    ]


@dataclass(frozen=True, slots=True)
class NeedShown(IntentShown):
    """What a member needs; the prices are the most that is paid, the labels those that it must bear."""

    within_km: Annotated[int | None, Doc("how many kilometres away it may be")]
