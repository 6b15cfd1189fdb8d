# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page by which anybody checks a label: one verdict, what it covers, and a QR code that leads here from a jar.

Where the label names a trade item, its code is a GS1 Digital Link of this node: tills read the number in it, and
telephones open this page. Nobody has to be signed in.
"""

from urllib.parse import urlencode

from aiohttp.web import Response

from node.http.jsonbytes import dump
from node.http.problems import Denied, ProblemTold, ScaleOf, told
from node.http.routes import read_wish
from node.languages.catalogues import decimal_mark, figures_in, texts_of
from node.web.looks import moved_to
from node.web.pages.desk import PageDesk, PageHandlers
from node.web.pages.qr import qr_svg
from node.web.visits import PageRequest
from protocol.book.refusals import MALFORMED, NOT_FOUND, Refused
from protocol.practices.marks.labels.gtin import gtin14
from protocol.practices.marks.labels.verdict import LabelWarning
from protocol.practices.marks.labels.wishes import LabelShown, LabelToVerify

CHECK_PATH, LINK_PATH = "/labels/check", "/01/"
"""01 stands for a trade item number in a GS1 Digital Link."""
_ASKED = ("label", "code", "plot", "gtin")
_UNSAID = (
    "id", "network", "scheme", "rules", "issuer_did", "holder_network", "links", "issued_at", "self_issued", "evidence",
    "state", "code", "warnings",
)  # fmt: skip
"""What of a label is for programs."""


class LabelCheckPages:
    """Checking a label without an account."""

    def __init__(self, desk: PageDesk, scale_of: ScaleOf) -> None:
        self._desk = desk
        self._scale_of = scale_of

    def handlers(self) -> PageHandlers:
        """Return what answers by method and path."""
        return {("GET", CHECK_PATH): self._check, ("GET", f"{LINK_PATH}*"): self._scanned}

    async def _scanned(self, visit: PageRequest) -> Response:
        """Lead on from a Digital Link; a number whose check digit is wrong was misread."""
        gtin = gtin14(visit.path.removeprefix(LINK_PATH))
        if gtin is None:
            raise Denied(MALFORMED, field="gtin", expected="a GTIN whose check digit is right")
        asked = {"gtin": gtin, "label": visit.query.get("label", "")}
        return moved_to(f"{CHECK_PATH}?{urlencode({name: one for name, one in asked.items() if one})}")

    async def _check(self, visit: PageRequest) -> Response:
        asked = {name: one for name in _ASKED if (one := visit.query.get(name, "").strip())}
        if "label" not in asked:
            return self._desk.looks.show("labels/check.html", visit, asked=asked, label_shown=None)
        wanted = read_wish(LabelToVerify, dump(asked))
        verdict = await self._desk.runtime.ask("labels.verify", visit.actor, wanted)
        label = await self._desk.runtime.ask("labels.show", visit.actor, subject=asked["label"])
        if isinstance(label, Refused):
            raise Denied.of(verdict if isinstance(verdict, Refused) else label)
        if isinstance(verdict, Refused) and verdict.reason in (MALFORMED, NOT_FOUND):
            raise Denied.of(verdict)
        assert isinstance(label, LabelShown)
        return self._desk.looks.show(
            "labels/check.html",
            visit,
            asked=asked,
            label_shown=label,
            refused=self._told(visit, verdict) if isinstance(verdict, Refused) else None,
            reason=verdict.reason.code if isinstance(verdict, Refused) else "",
            warnings=() if isinstance(verdict, Refused) else verdict.warnings,
            old=label.status_days_old or 0,
            stale=LabelWarning.STATUS_STALE,
            unknown=LabelWarning.STATUS_UNKNOWN,
            self_issued=LabelWarning.SELF_ISSUED,
            facts=self._desk.looks.drawer(visit).facts(label, leave=_UNSAID),
            codes=[(link, qr_svg(link)) for link in _links(visit, label)],
        )

    def _told(self, visit: PageRequest, refused: Refused) -> ProblemTold:
        language = visit.words.language
        figures = figures_in(language, refused.figures)
        return told(texts_of(refused.reason, language), figures, self._scale_of, decimal_mark(language))


def _links(visit: PageRequest, label: LabelShown) -> list[str]:
    """Return what is printed for a label: for each trade item a Digital Link, else the address of its check."""
    base = f"{'https' if visit.secure else 'http'}://{visit.request.host}"
    name = urlencode({"label": f"{label.id.partition('@')[0]}@{label.network}"})
    return [f"{base}{LINK_PATH}{one}?{name}" for one in label.gtins] or [f"{base}{CHECK_PATH}?{name}"]
