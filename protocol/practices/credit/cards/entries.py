# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of cards and terminals: issued, loaded, frozen, and what terminals have taken without a node."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import Doc, OwnId, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.signed import AccountId, Id16, Key, Signed
from protocol.practices.credit.cards.statements import CardMinor
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost

SYNC_RECORDS_MAX = 64
"""Records of a terminal that one entry takes; whoever has more sends them in turn."""


class CardForm(StrEnum):
    """What a card is made of, and so what it can guarantee."""

    NFC = "nfc"
    FILE = "file"
    PRINTED = "printed"


class FreezeReason(StrEnum):
    """Why a card is frozen."""

    HOLDER = "holder"
    LOST = "lost"
    FORK = "fork"
    OVERSPENT = "overspent"


@dataclass(frozen=True, slots=True)
class IssueCard:
    """Issue a card that pays from a purse, at terminals that have no node; say what it is made of."""

    account: Annotated[
        str, AtMost(ADDRESS_CHARS_MAX), Ref("accounts"), Doc("whose card; a signed wish names the account by id")
    ]
    card_key: Annotated[Key, Doc("the card's own public key, as `mutirao card new` shows it")]
    form: Annotated[
        CardForm,
        Doc(
            "nfc: a tag whose key never leaves it; file: whoever copies the file has the card; "
            "printed: whoever photographs the code and guesses the PIN has it"
        ),
    ] = CardForm.FILE
    load: Annotated[Amount | None, Doc("what goes from the account into its purse at once")] = None
    card: Annotated[Id16 | None, Uuid, OwnId, Doc("a UUID of your own for the card")] = None


@dataclass(frozen=True, slots=True)
class LoadCard:
    """Move an amount from the holder's account into the card's purse."""

    card: Annotated[Id16, Uuid, Ref("cards"), Doc("the card")]
    amount: Annotated[Amount, Doc("how much")]


@dataclass(frozen=True, slots=True)
class CardIssued:
    """A member has a card, by the group's caps as they are now."""

    KIND: ClassVar[str] = "cards/issued"
    OPERATION: ClassVar[str] = "cards.create"
    WISH: ClassVar[type[IssueCard]] = IssueCard
    signed: Signed | None
    word: IssueCard | None


@dataclass(frozen=True, slots=True)
class CardLoaded:
    """An amount goes from the holder's account into a purse."""

    KIND: ClassVar[str] = "cards/loaded"
    OPERATION: ClassVar[str] = "cards.load"
    WISH: ClassVar[type[LoadCard]] = LoadCard
    signed: Signed | None
    word: LoadCard | None


@dataclass(frozen=True, slots=True)
class CardUnloaded:
    """An amount goes from a purse back to the holder's account."""

    KIND: ClassVar[str] = "cards/unloaded"
    card: Annotated[Id16, Ref("cards")]
    amount: CardMinor


@dataclass(frozen=True, slots=True)
class CardFrozen:
    """A card is not to be taken any more, until it is renewed."""

    KIND: ClassVar[str] = "cards/frozen"
    card: Annotated[Id16, Ref("cards")]
    lost: bool


@dataclass(frozen=True, slots=True)
class CardRenewed:
    """A card was seen, and goes on under a new certificate, by the group's caps as they are now."""

    KIND: ClassVar[str] = "cards/renewed"
    card: Annotated[Id16, Ref("cards")]


@dataclass(frozen=True, slots=True)
class CardEnded:
    """A card pays nothing any more; what its purse holds goes back to its holder's account."""

    KIND: ClassVar[str] = "cards/ended"
    card: Annotated[Id16, Ref("cards")]


@dataclass(frozen=True, slots=True)
class TerminalRegistered:
    """A merchant has a terminal, which takes cards for one of its accounts."""

    KIND: ClassVar[str] = "terminals/registered"
    terminal: Id16
    account: AccountId
    key: Key


@dataclass(frozen=True, slots=True)
class TerminalRetired:
    """A terminal takes nothing any more; what it has taken can still be settled."""

    KIND: ClassVar[str] = "terminals/retired"
    terminal: Id16


@dataclass(frozen=True, slots=True)
class TerminalSynced:
    """A terminal was met, and what it has taken that the node did not know: each payment is settled once."""

    KIND: ClassVar[str] = "terminals/synced"
    terminal: Id16
    records: Annotated[tuple[Signed, ...], AtMost(SYNC_RECORDS_MAX)]


@dataclass(frozen=True, slots=True)
class GuaranteeFed:
    """The commons feeds the guarantee fund, which pays merchants where no purse does."""

    KIND: ClassVar[str] = "guarantee-fund/fed"
    currency: Code
    amount: CardMinor
