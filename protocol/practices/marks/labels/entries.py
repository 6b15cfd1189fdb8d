# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of labels, and what stands of them on boards, for other networks to read.

A label is a few bounded fields, of which everybody writes the same credential (credentials.py): what travels is small,
and the signature is over the standard's own form.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.declaration import BoardKind, Ref, Seers
from protocol.book.signed import Digest, Id16, Key, MemberId, Time
from protocol.practices.market.orders.entries import OrderId
from protocol.wire.shape import AtMost, Length, Range

SCHEME_NAME_CHARS_MAX = 80
SCHEME_ISSUERS_MAX = 16
LABEL_CODES_MAX = 16
PLOTS_MAX = 8
PLOT_CHARS_MAX = 40
GTINS_MAX = 8
LABELS_BOUGHT_MAX = 8
"""How many labels of one purchase are noted."""
LABELS_A_LIST = 8_192
"""How many indices of a status list are used: so that it fits a board even where every second label is revoked."""
LIST_NUMBER_MAX = 2**20
LIST_PACKED_BYTES_MAX = 1_600

LabelCode = Annotated[str, AtMost(5)]
Codes = Annotated[tuple[LabelCode, ...], AtMost(LABEL_CODES_MAX)]
Plot = Annotated[str, AtMost(PLOT_CHARS_MAX)]
Handle = Annotated[str, AtMost(32)]
SchemeName = Annotated[str, AtMost(SCHEME_NAME_CHARS_MAX)]
LabelSignature = Annotated[bytes, Length(64)]


class LabelLevel(StrEnum):
    """How far from whom it labels the one stands who assessed it; the words of UNTP are beside."""

    SELF = "self"
    MEMBERSHIP = "membership"
    BUYER = "buyer"
    COMMERCIAL = "commercial"
    THIRD_PARTY = "third-party"
    UNSPECIFIED = "unspecified"


class LabelTheme(StrEnum):
    """What a scheme is about, by the topics of UNTP."""

    ENERGY = "environment.energy"
    EMISSIONS = "environment.emissions"
    WATER = "environment.water"
    WASTE = "environment.waste"
    DEFORESTATION = "environment.deforestation"
    BIODIVERSITY = "environment.biodiversity"
    CONTENT = "circularity.content"
    DESIGN = "circularity.design"
    LABOUR = "social.labour"
    RIGHTS = "social.rights"
    COMMUNITY = "social.community"
    SAFETY = "social.safety"
    ETHICS = "governance.ethics"
    COMPLIANCE = "governance.compliance"
    TRANSPARENCY = "governance.transparency"


@dataclass(frozen=True, slots=True)
class SchemeIssuer:
    """A member that may issue labels of a scheme, and the key that its home node signs them with."""

    member: MemberId
    key: Key


@dataclass(frozen=True, slots=True)
class SchemeDeclared:
    """A member declares a scheme: its rules by the SHA-256 of their text, for which items, and who may issue.

    No codes: any items. Rules that change are another scheme.
    """

    KIND: ClassVar[str] = "label-schemes/declared"
    scheme: Id16
    owner: MemberId
    name: SchemeName
    rules: Digest
    topic: LabelTheme
    codes: Codes
    issuers: Annotated[tuple[SchemeIssuer, ...], AtMost(SCHEME_ISSUERS_MAX)]


@dataclass(frozen=True, slots=True)
class LabelSaid:
    """What a label says, and all that its credential is made of; hours are whole seconds.

    `codes` are beginnings of item codes (CPC 2.1) that it covers, `plots` and `gtins` narrow that down (none: not).
    `holder_network` is whose member the holder is; nothing: the issuer's own. `number` counts the labels of a key.
    """

    label: Id16
    scheme: Id16
    scheme_name: SchemeName
    rules: Digest
    topic: LabelTheme
    declared_ms: Time
    owner: Handle
    key: Key
    issuer: Handle
    holder: Handle
    holder_network: Digest | None
    number: Annotated[int, Range(0, LABELS_A_LIST * LIST_NUMBER_MAX)]
    codes: Codes
    plots: Annotated[tuple[Plot, ...], AtMost(PLOTS_MAX)]
    gtins: Annotated[tuple[Annotated[str, Length(14)], ...], AtMost(GTINS_MAX)]
    from_ms: Time
    until_ms: Time
    issued_ms: Time
    level: LabelLevel
    evidence: Digest | None = None


@dataclass(frozen=True, slots=True)
class LabelIssued:
    """An issuer gives a label to a member, or to one of another network (`holder`: nothing); its key signs it."""

    KIND: ClassVar[str] = "labels/issued"
    issuer: MemberId
    holder: MemberId | None
    said: LabelSaid
    signature: LabelSignature


@dataclass(frozen=True, slots=True)
class LabelRevoked:
    """The issuer takes a label back, from now on."""

    KIND: ClassVar[str] = "labels/revoked"
    label: Annotated[Id16, Ref("labels")]


@dataclass(frozen=True, slots=True)
class IssuerTrusted:
    """The group trusts what a key issues, from an hour on and until one (nothing: until it says otherwise)."""

    KIND: ClassVar[str] = "label-issuers/trusted"
    key: Key
    since_ms: Time
    until_ms: Time | None


@dataclass(frozen=True, slots=True)
class IssuerDistrusted:
    """The group trusts a key no more from now on."""

    KIND: ClassVar[str] = "label-issuers/distrusted"
    key: Key


@dataclass(frozen=True, slots=True)
class LabelName:
    """Which label: on whose board, and its id."""

    network: Digest
    label: Id16


@dataclass(frozen=True, slots=True)
class LabelsBought:
    """A member of ours has ordered something that these labels covered, as its home knew them then."""

    KIND: ClassVar[str] = "labels/bought"
    order: OrderId
    labels: Annotated[tuple[LabelName, ...], AtMost(LABELS_BOUGHT_MAX)]


@dataclass(frozen=True, slots=True)
class RevocationLearned:
    """The home has learned that a label was revoked, and when: what was bought under it since then is flagged."""

    KIND: ClassVar[str] = "labels/revocation-learned"
    name: LabelName
    revoked_ms: Time


@dataclass(frozen=True, slots=True)
class BoardLabel:
    """A label as it stands on its issuer's board; `revoked_ms` is since when it is revoked."""

    KIND: ClassVar[str] = "labels/label"
    said: LabelSaid
    signature: LabelSignature
    revoked_ms: Time | None = None


@dataclass(frozen=True, slots=True)
class StatusList:
    """Which of the labels of a key are revoked, as of an hour: bits in gzip, signed as a credential of its own."""

    KIND: ClassVar[str] = "labels/status-list"
    key: Key
    issuer: Handle
    number: Annotated[int, Range(0, LIST_NUMBER_MAX)]
    issued_ms: Time
    packed: Annotated[bytes, AtMost(LIST_PACKED_BYTES_MAX)]
    signature: LabelSignature


LABEL_ITEMS = BoardKind(BoardLabel, frozenset({Seers.EVERYBODY}))
LIST_ITEMS = BoardKind(StatusList, frozenset({Seers.EVERYBODY}))
