# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wished of labels, and how they are shown."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import At, Doc, FromFile, Ref
from protocol.practices.market.hours import HOUR_CHARS_MAX
from protocol.practices.marks.labels.entries import (
    GTINS_MAX,
    PLOTS_MAX,
    SCHEME_ISSUERS_MAX,
    Codes,
    LabelLevel,
    LabelTheme,
    Plot,
    SchemeName,
)
from protocol.practices.marks.labels.multibase import DID_CHARS_MAX
from protocol.practices.marks.labels.reading import CREDENTIAL_BYTES_MAX
from protocol.practices.marks.labels.state import LabelState
from protocol.practices.marks.labels.verdict import LabelWarning
from protocol.wire.shape import AtMost, Spelt

LABEL_ADDRESS_CHARS_MAX = 160
"""An id, and behind an @ a network's."""
LabelHour = Annotated[str | None, AtMost(HOUR_CHARS_MAX)]
Did = Annotated[str, AtMost(DID_CHARS_MAX)]
Sha256Text = Annotated[str, AtMost(64), Spelt("[0-9a-f]{64}")]
Gtin = Annotated[str, AtMost(14)]
HOUR_DOC = "a day such as 2026-12-20 by the group's clock, or an hour: 2026-12-20T09:00:00Z"


@dataclass(frozen=True, slots=True)
class DeclareScheme:
    """Declare a scheme of labels: its rules by their digest, for which items it is, and who may issue labels of it."""

    name: Annotated[SchemeName, Doc("what people call the label")]
    rules: Annotated[Sha256Text, Doc("the SHA-256 of the text of its rules, in hexadecimal")]
    topic: Annotated[LabelTheme, Doc("what it is about, by the topics of UNTP")]
    codes: Annotated[Codes, Doc("beginnings of item codes (CPC 2.1) that it is for, such as 0291; none: any")] = ()
    issuers: Annotated[
        tuple[Annotated[str, AtMost(ADDRESS_CHARS_MAX)], ...],
        AtMost(SCHEME_ISSUERS_MAX),
        Doc("the handles of the members that may issue it; default: its owner"),
    ] = ()
    owner: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose, where a steward says it; default: yours")
    ] = None


@dataclass(frozen=True, slots=True)
class SchemesWanted:
    """All schemes of this network."""


@dataclass(frozen=True, slots=True)
class SchemeIssuerShown:
    """A member that may issue labels of a scheme."""

    member: Annotated[str, Doc("its handle")]
    did: Annotated[str, Doc("the did:key by which others check its labels, and trust them")]
    issued: Annotated[int, Doc("how many labels that key has issued")]


@dataclass(frozen=True, slots=True)
class SchemeShown:
    """A scheme of labels."""

    id: Annotated[str, Doc("its id")]
    name: Annotated[str, Doc("what people call it")]
    owner: Annotated[str, Doc("the handle of the member that has declared it")]
    rules: Annotated[str, Doc("the SHA-256 of the text of its rules, in hexadecimal")]
    topic: Annotated[LabelTheme, Doc("what it is about")]
    codes: Annotated[tuple[str, ...], Doc("beginnings of the item codes that it is for; none: any")]
    issuers: Annotated[tuple[SchemeIssuerShown, ...], Doc("who may issue labels of it")]
    declared_at: Annotated[At, Doc("when it was declared")]


@dataclass(frozen=True, slots=True)
class IssueLabel:
    """Give a member of your network, or of another, a label of a scheme; your node signs it for you."""

    scheme: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("the scheme's id")]
    holder: Annotated[str, AtMost(LABEL_ADDRESS_CHARS_MAX), Doc("who gets it: a handle, or handle@network")]
    codes: Annotated[Codes, Doc("beginnings of item codes (CPC 2.1) that it covers, such as 0291")]
    plots: Annotated[tuple[Plot, ...], AtMost(PLOTS_MAX), Doc("of which of the holder's plots alone; none: any")] = ()
    gtins: Annotated[tuple[Gtin, ...], AtMost(GTINS_MAX), Doc("for which trade items by number (GTIN) besides")] = ()
    since: Annotated[LabelHour, Doc(f"from when on it counts: {HOUR_DOC}; default: now")] = None
    until: Annotated[LabelHour, Doc(f"until when it counts: {HOUR_DOC}; default: a year, five at most")] = None
    level: Annotated[LabelLevel, Doc("who has assessed it; self, where holder and issuer are one")] = (
        LabelLevel.UNSPECIFIED
    )
    evidence: Annotated[Sha256Text | None, Doc("the SHA-256 of what was looked at, in hexadecimal")] = None
    issuer: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who issues, where a steward says it; default: you")
    ] = None


@dataclass(frozen=True, slots=True)
class RevokeLabel:
    """Take a label back, from now on; all networks learn of it."""


@dataclass(frozen=True, slots=True)
class LabelsWanted:
    """Which of the labels that this node holds; all conditions hold together."""

    network: Annotated[str | None, Doc("only those issued in this network, by its handle or id")] = None
    holder: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("only those of members of this handle")] = None
    scheme: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("only those of this scheme, by its id")] = None
    code: Annotated[str | None, AtMost(5), Doc("only those that cover this item code")] = None
    valid: Annotated[bool | None, Doc("only those that count now, or only those that do not")] = None


@dataclass(frozen=True, slots=True)
class LabelShown:
    """A label: what it says, and whether it counts now."""

    id: Annotated[str, Doc("its id; behind an @ the issuing network's, where it is another than yours")]
    network: Annotated[str, Doc("the network of its issuer, by its id")]
    scheme: Annotated[str, Doc("the scheme's id")]
    scheme_name: Annotated[str, Doc("what people call the label")]
    rules: Annotated[str, Doc("the SHA-256 of the text of the scheme's rules, in hexadecimal")]
    issuer: Annotated[str, Doc("the handle of who has issued it")]
    issuer_did: Annotated[str, Doc("the did:key that has signed it")]
    holder: Annotated[str, Doc("the handle of who has it")]
    holder_network: Annotated[str, Doc("whose member that is, by the network's id")]
    codes: Annotated[tuple[str, ...], Doc("beginnings of the item codes that it covers")]
    plots: Annotated[tuple[str, ...], Doc("of which plots alone; none: any")]
    gtins: Annotated[tuple[str, ...], Doc("for which trade items besides, by numbers of 14 digits")]
    links: Annotated[tuple[str, ...], Doc("the GS1 Digital Link of each of these")]
    since: Annotated[At, Doc("from when on it counts")]
    until: Annotated[At, Doc("until when")]
    issued_at: Annotated[At, Doc("when it was signed")]
    level: Annotated[LabelLevel, Doc("who has assessed it")]
    self_issued: Annotated[bool, Doc("whether holder and issuer are one")]
    evidence: Annotated[str | None, Doc("the SHA-256 of what was looked at, in hexadecimal")]
    state: Annotated[LabelState, Doc("standing, or revoked")]
    revoked_at: Annotated[At | None, Doc("since when it is revoked")]
    status_days_old: Annotated[int | None, Doc("how old the news of its revocation is, in days; null: there is none")]
    code: Annotated[str | None, Doc("why it does not count now; null: it does")]
    warnings: Annotated[tuple[LabelWarning, ...], Doc("what is to be known though it counts")]


@dataclass(frozen=True, slots=True)
class LabelToVerify:
    """Which label, at which hour, and for which product."""

    label: Annotated[str | None, AtMost(LABEL_ADDRESS_CHARS_MAX), Doc("a label that this node holds, by its id")] = None
    credential: Annotated[
        bytes | None, AtMost(CREDENTIAL_BYTES_MAX), FromFile, Doc("or the label itself: a credential as JSON")
    ] = None
    status_list: Annotated[
        bytes | None, AtMost(CREDENTIAL_BYTES_MAX), FromFile, Doc("the status list that it names, where you have one")
    ] = None
    code: Annotated[str | None, AtMost(5), Doc("the product's item code (CPC 2.1)")] = None
    plot: Annotated[Plot | None, Doc("from which plot it is")] = None
    gtin: Annotated[Gtin | None, Doc("its trade item number")] = None
    at: Annotated[LabelHour, Doc(f"at which hour: {HOUR_DOC}; default: now")] = None


@dataclass(frozen=True, slots=True)
class LabelVerified:
    """A label that counts: signed, its issuer trusted, in date, not revoked, and for this product."""

    label: Annotated[str, Doc("its id as a URI")]
    scheme: Annotated[str, Doc("the scheme's id as a URI")]
    scheme_name: Annotated[str, Doc("what people call the label")]
    issuer: Annotated[str, Doc("the did:key that has signed it")]
    issuer_name: Annotated[str, Doc("what the issuer calls itself")]
    holder: Annotated[str, Doc("who has it, as a URI")]
    holder_name: Annotated[str, Doc("what the holder is called")]
    codes: Annotated[tuple[str, ...], Doc("beginnings of the item codes that it covers")]
    plots: Annotated[tuple[str, ...], Doc("of which plots alone; none: any")]
    gtins: Annotated[tuple[str, ...], Doc("for which trade items besides")]
    links: Annotated[tuple[str, ...], Doc("the GS1 Digital Link of each of these")]
    since: Annotated[At, Doc("from when on it counts")]
    until: Annotated[At | None, Doc("until when")]
    level: Annotated[str, Doc("who has assessed it, in the word of UNTP")]
    evidence: Annotated[str | None, Doc("the digest of what was looked at, in hexadecimal")]
    trusted_since: Annotated[At, Doc("since when the group trusts the issuer")]
    trusted_until: Annotated[At | None, Doc("until when; null: until it says otherwise")]
    status_days_old: Annotated[int | None, Doc("how old the news of its revocation is, in days; null: there is none")]
    warnings: Annotated[tuple[LabelWarning, ...], Doc("what is to be known though it counts")]


@dataclass(frozen=True, slots=True)
class CredentialWanted:
    """Which label, or the status list that it names."""

    label: Annotated[str, AtMost(LABEL_ADDRESS_CHARS_MAX), Doc("the label's id; behind an @ its network")]
    status: Annotated[bool, Doc("the status list that the label names, instead of the label")] = False


@dataclass(frozen=True, slots=True)
class CredentialShown:
    """A credential that others can check without this node: W3C Verifiable Credentials 2.0; a label is UNTP's too."""

    credential: Annotated[str, Doc("the credential as JSON, in the very form that is signed (JCS), with its proof")]


@dataclass(frozen=True, slots=True)
class TrustIssuer:
    """Trust what an issuer signs, of this network or of any other: the group decides it."""

    issuer: Annotated[Did, Doc("the issuer's did:key, as its labels or its scheme tell it")]
    since: Annotated[LabelHour, Doc(f"from when on: {HOUR_DOC}; default: now")] = None
    until: Annotated[LabelHour, Doc(f"until when: {HOUR_DOC}; default: until it says otherwise")] = None


@dataclass(frozen=True, slots=True)
class DistrustIssuer:
    """Trust an issuer no more from now on; what was bought under its labels before stays as it was."""


@dataclass(frozen=True, slots=True)
class IssuersWanted:
    """All issuers that the group trusts, or has trusted."""


@dataclass(frozen=True, slots=True)
class TrustShown:
    """For how long an issuer is trusted."""

    since: Annotated[At, Doc("from when on")]
    until: Annotated[At | None, Doc("until when; null: until the group says otherwise")]
    decided_at: Annotated[At, Doc("when the group decided it")]


@dataclass(frozen=True, slots=True)
class IssuerShown:
    """An issuer that the group trusts, or has trusted."""

    id: Annotated[str, Doc("its did:key")]
    trusted: Annotated[bool, Doc("whether the group trusts it now")]
    periods: Annotated[tuple[TrustShown, ...], Doc("when it is and was trusted, in the order of the decisions")]
    labels: Annotated[int, Doc("how many labels of it this node holds")]


@dataclass(frozen=True, slots=True)
class PurchasesWanted:
    """What was ordered under labels: your own; for those who read all, everybody's."""

    flagged: Annotated[bool | None, Doc("only what was bought after its label had been revoked, or only the rest")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class PurchaseShown:
    """An order under labels; it is flagged where one of them had been revoked by then, and stays as it was."""

    id: Annotated[str, Doc("the order's id")]
    buyer: Annotated[str, Doc("the handle of who has ordered")]
    ordered_at: Annotated[At, Doc("when")]
    labels: Annotated[tuple[str, ...], Doc("the labels that covered it, by their ids")]
    flagged: Annotated[tuple[str, ...], Doc("those that had been revoked by then")]
    revoked_at: Annotated[At | None, Doc("since when the first of these was revoked")]
    learned_at: Annotated[At | None, Doc("when this network learned of it")]
