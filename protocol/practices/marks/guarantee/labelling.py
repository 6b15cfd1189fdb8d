# SPDX-License-Identifier: AGPL-3.0-or-later
"""A plot that is certified bears the label of the scheme that the group has chosen, for as long as that stands.

The home issues it for the plot once certification counts, and revokes it once it does not: what every shop verifies
says what the certifiers have decided. A label belongs to a certification by its evidence, which follows from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from protocol.book.book import Book
from protocol.book.declaration import Actor, Desk, Motion, Parameter, Plan, Role
from protocol.book.members import MemberState
from protocol.book.parameters import Stored
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.marks.guarantee.state import CertificationKept, Guarantees
from protocol.practices.marks.labels.credentials import second_text
from protocol.practices.marks.labels.entries import LabelLevel
from protocol.practices.marks.labels.plans import plan_issue, plan_revoke
from protocol.practices.marks.labels.state import LabelKept, Labels, Scheme
from protocol.practices.marks.labels.verdict import covers_code
from protocol.practices.marks.labels.wishes import IssueLabel, RevokeLabel

_NONE = "none"


@dataclass(frozen=True, slots=True)
class SchemeOrNone:
    """A label scheme by its id, or none."""

    word = "scheme"
    expected = f"the id of a label scheme, or {_NONE}"

    def read(self, text: str, scale: int) -> Stored | None:
        """Read an id."""
        del scale
        name = parse_uuid(text)
        return Stored(text="") if text == _NONE else None if name is None else Stored(text=uuid_text(name))

    def value(self, stored: Stored) -> str | None:
        """Return the id as text; empty: none."""
        fits = stored.text is not None and (not stored.text or parse_uuid(stored.text) is not None)
        return stored.text if fits else None

    def show(self, value: str, scale: int) -> str:
        """Return it as it is typed."""
        del scale
        return value or _NONE


def _unknown(book: Book, value: str, currency: str | None) -> Refused | None:
    del currency
    return None if not value or parse_uuid(value) in book.of(Labels).schemes else refuse(NOT_FOUND)


CERTIFIED_SCHEME: Parameter[str] = Parameter(
    "guarantee.scheme", SchemeOrNone(), "",
    "of which label scheme certified plots bear the label: its rules are those that were pledged, and its first issuer"
    " issues it; none: certification brings no label",
    changed_by=Motion(), guard=_unknown,
)  # fmt: skip


def certification_evidence(kept: CertificationKept) -> bytes:
    """Return the digest by which a label names a certification: the SHA-256 of its id, as it is written."""
    return sha256(uuid_text(kept.id).encode()).digest()


def labels_by_evidence(book: Book) -> Mapping[bytes, LabelKept]:
    """Return the labels of this network that nobody has revoked, by what they rest on: the newest of each."""
    issued = book.of(Labels).issued.values()
    return {one.said.evidence: one for one in issued if one.said.evidence is not None and one.revoked_ms is None}


def certified_labels(desk: Desk) -> Iterator[Plan]:
    """Issue the label of each plot that is certified and has none, and revoke that of each that no longer is."""
    home, now = replace(desk, actor=Actor(Role.STEWARD)), desk.now
    scheme = desk.book.of(Labels).schemes.get(parse_uuid(desk.book.parameter(CERTIFIED_SCHEME)) or b"")
    standing = labels_by_evidence(desk.book)
    for kept in desk.book.of(Guarantees).certifications.values():
        if kept.since_ms is None:
            continue
        evidence = certification_evidence(kept)
        label = standing.get(evidence)
        counts = kept.counts(now) and desk.book.members[kept.member].state is not MemberState.LEFT
        planned: Plan | Refused | None = None
        if label is not None and not counts and label.said.until_ms > now:
            planned = plan_revoke(home, uuid_text(label.said.label), RevokeLabel())
        elif label is None and counts and scheme is not None and scheme.body.rules == kept.pledge:
            planned = _issued(home, scheme, kept, evidence)
        if isinstance(planned, Plan):
            yield planned


def _issued(desk: Desk, scheme: Scheme, kept: CertificationKept, evidence: bytes) -> Plan | Refused | None:
    book, plot = desk.book, desk.book.of(Guarantees).plots[kept.plot].said
    codes = tuple(one for one in plot.codes if not scheme.body.codes or covers_code(scheme.body.codes, one))
    if not codes or kept.until_ms is None:
        return None
    issuer, holder = (book.members[one].handle for one in (scheme.body.issuers[0].member, kept.member))
    wish = IssueLabel(
        uuid_text(scheme.body.scheme), holder, codes, (plot.name,), until=second_text(kept.until_ms),
        level=LabelLevel.MEMBERSHIP, evidence=evidence.hex(), issuer=issuer,
    )  # fmt: skip
    return plan_issue(desk, wish)
