# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a label counts: signed, by an issuer trusted at that time, in date, not revoked, and for this product."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from protocol.book.refusals import Refused, refuse
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.marks.labels.credentials import second_text
from protocol.practices.marks.labels.refusals import (
    ISSUER_UNTRUSTED,
    LABEL_EXPIRED,
    LABEL_NOT_YET,
    LABEL_REVOKED,
    LABEL_TAMPERED,
    OUT_OF_SCOPE,
)

STATUS_DAYS_MAX = 30
"""A status list that is older is stale: whoever was revoked since then still passes."""


class LabelWarning(StrEnum):
    """What is to be known of a label that counts."""

    STATUS_STALE = "STATUS_STALE"
    STATUS_UNKNOWN = "STATUS_UNKNOWN"
    SELF_ISSUED = "SELF_ISSUED"


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What a label says, wherever it was read; `intact` is whether its issuer's key has signed it.

    `issuer_ids` are all ids of the issuer: where the holder's is among them, it has labelled itself.
    """

    label: str
    issuer: str
    issuer_name: str
    issuer_ids: Sequence[str]
    key: bytes
    holder: str
    holder_name: str
    scheme: str
    scheme_name: str
    codes: Sequence[str]
    plots: Sequence[str]
    gtins: Sequence[str]
    from_ms: Millis
    until_ms: Millis | None
    level: str
    evidence: str | None
    listed: str | None
    index: int
    intact: bool

    @property
    def self_issued(self) -> bool:
        """Whether the holder has issued it."""
        return self.holder in self.issuer_ids or self.level == "Self"


@dataclass(frozen=True, slots=True)
class LabelStatus:
    """What is known of a label's revocation: whether, since when (None: not told), and as of which hour."""

    revoked: bool
    since_ms: Millis | None
    as_of_ms: Millis

    def days_old(self, at_ms: Millis) -> int:
        """Return how many whole days ago that was."""
        return max(0, at_ms - self.as_of_ms) // DAY_MS

    def revoked_at(self, at_ms: Millis) -> bool:
        """Tell whether it was revoked by an hour, as far as is known."""
        return self.revoked and (self.since_ms is None or self.since_ms <= at_ms)


@dataclass(frozen=True, slots=True)
class LabelAsked:
    """What is asked of a label: at which hour, and of which product; None: of none in particular."""

    at_ms: Millis
    code: str | None = None
    plot: str | None = None
    gtin: str | None = None


def against_label(facts: LabelFacts, asked: LabelAsked, *, trusted: bool, status: LabelStatus | None) -> Refused | None:
    """Return the first reason why a label does not count, None where it does."""
    issuer = facts.issuer_name or facts.issuer
    if not facts.intact:
        return refuse(LABEL_TAMPERED, issuer=issuer)
    if not trusted:
        return refuse(ISSUER_UNTRUSTED, issuer=issuer)
    if asked.at_ms < facts.from_ms:
        return refuse(LABEL_NOT_YET, since=second_text(facts.from_ms)[:10])
    if facts.until_ms is not None and asked.at_ms > facts.until_ms:
        return refuse(LABEL_EXPIRED, until=second_text(facts.until_ms)[:10])
    if status is not None and status.revoked_at(asked.at_ms):
        return refuse(LABEL_REVOKED, issuer=issuer)
    return _beyond_scope(facts, asked)


def covers_code(codes: Sequence[str], code: str) -> bool:
    """Tell whether an item code begins as one of these."""
    return any(code.startswith(one) for one in codes)


def _beyond_scope(facts: LabelFacts, asked: LabelAsked) -> Refused | None:
    if asked.code is not None and not covers_code(facts.codes, asked.code):
        return refuse(OUT_OF_SCOPE, covers=", ".join(facts.codes) or "-", asked=asked.code)
    if asked.gtin is not None and asked.gtin not in facts.gtins:
        return refuse(OUT_OF_SCOPE, covers=", ".join(facts.gtins) or "-", asked=asked.gtin)
    if asked.plot is not None and facts.plots and asked.plot not in facts.plots:
        return refuse(OUT_OF_SCOPE, covers=", ".join(facts.plots), asked=asked.plot)
    return None


def label_warnings(facts: LabelFacts, asked: LabelAsked, status: LabelStatus | None) -> tuple[LabelWarning, ...]:
    """Return what is to be known of a label that counts."""
    found: list[LabelWarning] = []
    if status is None:
        if facts.listed is not None:
            found.append(LabelWarning.STATUS_UNKNOWN)
    elif status.days_old(asked.at_ms) > STATUS_DAYS_MAX:
        found.append(LabelWarning.STATUS_STALE)
    if facts.self_issued:
        found.append(LabelWarning.SELF_ISSUED)
    return tuple(found)
