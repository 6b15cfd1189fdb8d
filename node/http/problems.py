# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every refusal as a client sees it: status, title, a sentence a member understands (RFC 9457)."""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from node.http.refusals import HTTP_REFUSALS
from node.languages.catalogues import decimal_mark, figures_in, language_accepted, texts_of
from node.loop.refusals import LOOP_REFUSALS
from protocol.book.declaration import reasons_of
from protocol.book.money import decimal
from protocol.book.reason import Texts
from protocol.book.refusals import Figure, Reason, Refused, by_code
from protocol.practices import PRACTICES

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER = "5"
"""Seconds after which a busy or recovering node is worth asking again."""

ScaleOf = Callable[[str], int | None]
"""Tells the scale of a currency by its code, None where the node does not know it."""

REASONS: Mapping[str, Reason] = by_code((*HTTP_REFUSALS, *LOOP_REFUSALS, *reasons_of(PRACTICES).values()))
"""Every reason that a client may be told, by its code."""

AMOUNT_FIGURES = frozenset(
    {
        "asked",
        "available",
        "balance",
        "cap",
        "covered",
        "debit",
        "floor",
        "granted",
        "largest_payment",
        "limit",
        "max_debit",
        "maximum",
        "missing",
        "parts",
        "price",
        "projected_balance",
        "standing",
        "used",
        "wished",
    }
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class ProblemTold(NamedTuple):
    """What people are told of one refusal, its figures written in."""

    heading: str
    sentence: str
    ways: tuple[str, ...]


def told(texts: Texts, figures: Mapping[str, Figure], scale_of: ScaleOf, mark: str = ".") -> ProblemTold:
    """Return a refusal's texts with its figures; amounts as members write them, if the currency is named.

    `mark` stands before the decimals of amounts.
    A text whose figures are not there is left out: `title` stands for it. So is a way that speaks of nothing left.
    """
    code = figures.get("currency", figures.get("unit"))
    # A link's unit may be nobody's currency here; then the refusal tells its scale itself.
    scale = figures["scale"] if "unit" in figures and "scale" in figures else scale_of(str(code))

    def written(name: str, figure: Figure) -> Figure:
        if not isinstance(scale, int) or name not in AMOUNT_FIGURES or isinstance(figure, str):
            return figure
        return f"{decimal(figure, scale).replace('.', mark)} {code}"

    words = {name: written(name, figure) for name, figure in figures.items()}
    some = {name: word for name, word in words.items() if name not in AMOUNT_FIGURES or figures[name] not in (0, "")}

    def filled(text: str, known: Mapping[str, Figure]) -> str:
        try:
            return text.format_map(known)
        except KeyError:
            return ""

    return ProblemTold(
        filled(texts.heading, words) or texts.title,
        filled(texts.sentence, words) or f"{texts.title}.",
        tuple(way for one in texts.ways if (way := filled(one, some))),
    )


def problem(
    reason: Reason, figures: Mapping[str, Figure], scale_of: ScaleOf, accepted: str | None = None
) -> tuple[int, bytes]:
    """Return the status and the problem document of a refusal; figures keep their minor units.

    Its words are in the language that is `accepted` best (Accept-Language), codes and figures in none.
    """
    language = language_accepted(accepted)
    texts = texts_of(reason, language)
    heading, sentence, ways = told(texts, figures_in(language, figures), scale_of, decimal_mark(language))
    document = {
        "type": f"/docs#{reason.code}",
        "title": texts.title,
        "status": reason.status,
        "code": reason.code,
        "heading": heading,
        "detail": sentence,
        "ways": ways,
        "transient": reason.transient,
        "figures": dict(figures),
    }
    return reason.status, _encode(document).encode()


def problem_of(refused: Refused, scale_of: ScaleOf, accepted: str | None = None) -> tuple[int, bytes]:
    """Return the status and the problem document for a wish that a rule refused, in the language accepted best."""
    return problem(refused.reason, refused.figures, scale_of, accepted)


class Denied(Exception):
    """Ends the handling of one request with a problem: raised by this door alone, never by rules."""

    def __init__(self, reason: Reason, *, headers: Mapping[str, str] | None = None, **figures: Figure) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.figures: Mapping[str, Figure] = figures
        self.headers = headers or {}

    @classmethod
    def of(cls, refused: Refused) -> "Denied":
        """Return what ends a request that is refused so."""
        denied = cls(refused.reason)
        denied.figures = refused.figures
        return denied
