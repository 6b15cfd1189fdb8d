# SPDX-License-Identifier: AGPL-3.0-or-later
"""The site: finds the page that an address means, lets in who may, and answers with HTML, a refusal too."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, cached_property
from gzip import compress
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl

from aiohttp.web import BaseRequest, Response

from node.http.about import NodeShown
from node.http.auth import TokenGate
from node.http.problems import Denied, told
from node.http.refusals import METHOD_NOT_ALLOWED, PATH_UNKNOWN
from node.http.resources import Answers
from node.http.routes import QUERY_FIELDS_MAX, subject_of
from node.http.sign_in_codes import CodeDesk
from node.http.source import SourceDoor
from node.keeping.source import program_source
from node.languages.catalogues import (
    LANGUAGES_TOLD,
    decimal_mark,
    figures_in,
    language_accepted,
    texts_of,
)
from node.web.declared import DeclaredPages, OwnParts
from node.web.home import HomePages
from node.web.joining_pages import JoiningPages
from node.web.looks import STATIC, Looks
from node.web.multipart import MULTIPART_TYPE, read_multipart
from node.web.offline_pages import OfflinePages
from node.web.pages.chain_room import ChainPages
from node.web.pages.desk import DrawnPages, PageDesk
from node.web.pages.label_checks import LabelCheckPages
from node.web.pages.membership import MemberPages
from node.web.pages.paying import PayPages
from node.web.pages.receipts import ReceiptPages
from node.web.pages.receiving import ReceivePages
from node.web.pages.statements import StatementPages
from node.web.pages.tallies import TallyPages
from node.web.shelf import PageNoun, shelf_of
from node.web.signing_in import SignInPages
from node.web.source_page import SourcePage
from node.web.visits import LANGUAGE_COOKIE, SESSION, PageRequest, check_form, cookies_of, read_form
from node.web.words import PageWords
from protocol.book.book import Book
from protocol.book.declaration import NOBODY, Operation
from protocol.book.parameters import LANGUAGE, TIME_ZONE
from protocol.book.refusals import MALFORMED
from protocol.lanes.entry import Millis

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}

PACKED = (".css", ".js", ".svg")
"""What is sent compressed: it holds nobody's secrets."""

HTML = "text/html"
PAGE_PARTS_MAX = 3
"""/members/ana/suspend: no address of a page has more parts."""


class PagesRuntime(Answers, Protocol):
    """What pages need of node.loop.runtime.Runtime."""

    @property
    def book(self) -> Book: ...


Handler = Callable[[PageRequest], Awaitable[Response]]


class OwnPages(Protocol):
    """Pages that are the node's own and no practice's."""

    def handlers(self, looks: Looks) -> Mapping[tuple[str, str], Handler]:
        """Return what answers by method and path; "*" stands for one more part of a path."""
        ...


class NodePages:
    """All pages of a node, behind the same door as its API."""

    def __init__(
        self,
        runtime: PagesRuntime,
        operations: Mapping[str, Operation],
        gate: TokenGate,
        codes: CodeDesk,
        about: Callable[[], NodeShown],
        *,
        now: Callable[[], Millis],
        chance: Callable[[int], bytes],
        behind_proxy: bool,
    ) -> None:
        self.own: Sequence[OwnPages] = ()
        self._runtime = runtime
        self._operations = operations
        self._gate = gate
        self._codes = codes
        self._about = about
        self._now = now
        self._chance = chance
        self._behind_proxy = behind_proxy

    @cached_property
    def _secret(self) -> bytes:
        """What forms are marked with, new at each start: a form that was open longer is shown once more."""
        return self._chance(32)

    @cached_property
    def _looks(self) -> Looks:
        return Looks(self._about, self._book, self._shelf, self._now, self._secret)

    @cached_property
    def _shelf(self) -> Mapping[str, PageNoun]:
        return shelf_of(self._operations)

    @cached_property
    def _generic(self) -> DeclaredPages:
        own: dict[str, OwnParts] = {}
        made = DeclaredPages(
            self._runtime, self._shelf, self._looks, self._book, self._scale_of, self._now, self._chance, own
        )
        for one in self._drawn:
            own |= one.parts()
        return made

    @cached_property
    def _desk(self) -> PageDesk:
        return PageDesk(self._runtime, self._looks, self._shelf, self._book, self._scale_of)

    @cached_property
    def _drawn(self) -> Sequence[DrawnPages]:
        """The pages that are drawn by hand, each with what its templates need."""
        return (
            PayPages(self._desk, self._answer_declared),
            ReceivePages(self._desk, self._answer_declared),
            StatementPages(self._desk),
            MemberPages(self._desk),
            TallyPages(self._desk),
            ChainPages(self._desk),
        )

    @cached_property
    def _fixed(self) -> Mapping[tuple[str, str], Handler]:
        return {
            **HomePages(self._runtime, self._looks, self._shelf, self._book).handlers(),
            **SignInPages(self._gate, self._codes, self._looks).handlers(),
            **SourcePage(SourceDoor(program_source()), self._looks).handlers(),
            **JoiningPages(self._runtime, self._gate, self._looks, self._book, self._scale_of, self._chance).handlers(),
            **OfflinePages(self._runtime, self._looks, self._book).handlers(),
            **ReceiptPages(self._desk, self._gate).handlers(),
            **LabelCheckPages(self._desk, self._scale_of).handlers(),
            **{path: handler for one in self._drawn for path, handler in one.handlers().items()},
            **{one: handler for pages in self.own for one, handler in pages.handlers(self._looks).items()},
        }

    @cached_property
    def _places(self) -> frozenset[str]:
        """How the addresses of pages begin that no practice declares."""
        return frozenset(path.split("/")[1] for _, path in self._fixed)

    async def _answer_declared(self, visit: PageRequest, parts: Sequence[str]) -> Response:
        return await self._generic.answer(visit, parts)

    def _scale_of(self, currency: str) -> int | None:
        found = self._book().currencies.get(currency)
        return None if found is None else found.scale

    def _book(self) -> Book:
        return self._runtime.book

    def serves(self, raw_path: str, accepted: str) -> bool:
        """Tell whether an address is a page, or is asked for by who reads pages: programs are told problems instead."""
        _, first, *_ = (*raw_path.split("/"), "")
        if not raw_path.startswith("/") or first == "v1":
            return False
        known = first == "static" or first in self._shelf or first in self._places
        return HTML in accepted or (known and not raw_path.startswith("//"))

    async def answer(self, request: BaseRequest, raw_path: str, raw_query: str, address: str, body: bytes) -> Response:
        """Answer a request for a page; what is refused is told as a page."""
        visit = await self._visit(request, raw_path, raw_query, address)
        try:
            return await self._answer(visit, body)
        except Denied as denied:
            return self._refused(visit, denied)

    async def _answer(self, visit: PageRequest, body: bytes) -> Response:
        method = "GET" if visit.request.method == "HEAD" else visit.request.method
        if method not in ("GET", "POST"):
            raise Denied(METHOD_NOT_ALLOWED, allowed="GET, POST", headers={"Allow": "GET, POST"})
        if method == "GET" and visit.path.startswith("/static/"):
            return static_file(visit)
        if method == "POST":
            sent_as = visit.request.headers.get("Content-Type", "")
            if sent_as.lower().startswith(MULTIPART_TYPE):
                visit.posted, visit.files = read_multipart(sent_as, body)
            else:
                visit.posted = read_form(body)
            check_form(visit, self._secret)
        handler = self._fixed.get((method, visit.path))
        if handler is None:  # /s/CODE, /fairs/ID/tally
            before, _, last = visit.path.rpartition("/")
            shapes = (f"{before}/*", f"{before.rpartition('/')[0]}/*/{last}")
            handler = next((found for one in shapes if (found := self._fixed.get((method, one)))), None)
        if handler is not None:
            return await handler(visit)
        parts = [subject_of(part) for part in visit.path.split("/")[1:]]
        if not all(parts) or len(parts) > PAGE_PARTS_MAX:
            raise Denied(PATH_UNKNOWN)
        return await self._generic.answer(visit, parts)

    async def _visit(self, request: BaseRequest, raw_path: str, raw_query: str, address: str) -> PageRequest:
        cookies = cookies_of(request)
        bearer = cookies.get(SESSION, "")
        actor = (await self._gate.bearer(f"Bearer {bearer}") if bearer else None) or NOBODY
        chosen = cookies.get(LANGUAGE_COOKIE, "")
        language = (
            chosen
            if chosen in LANGUAGES_TOLD
            else language_accepted(request.headers.get("Accept-Language"), self._book().parameter(LANGUAGE))
        )
        words = PageWords(language, self._book().parameter(TIME_ZONE))
        query = _query_of(raw_query)
        secure = request.secure or self._behind_proxy
        return PageRequest(request, actor, words, address, raw_path, query, "" if actor is NOBODY else bearer, secure)

    def _refused(self, visit: PageRequest, denied: Denied) -> Response:
        language = visit.words.language
        texts = texts_of(denied.reason, language)
        shown = told(texts, figures_in(language, denied.figures), self._scale_of, decimal_mark(language))
        page = self._looks.page("refused.html", visit, shown=shown, code=denied.reason.code, typed=visit.typed)
        return self._looks.respond(page, status=denied.reason.status, headers=denied.headers)


def _query_of(raw_query: str) -> Mapping[str, str]:
    """Return what stands in an address behind ?; raises Denied."""
    try:
        return dict(parse_qsl(raw_query, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX))
    except ValueError:
        raise Denied(MALFORMED, field="query", expected=f"at most {QUERY_FIELDS_MAX} values") from None


def static_file(visit: PageRequest) -> Response:
    """Return a file of those that pages need; raises Denied."""
    name = visit.path.removeprefix("/static/")
    path = STATIC / name
    if "/" in name or name.startswith(".") or path.suffix not in KINDS or not path.is_file():
        raise Denied(PATH_UNKNOWN)
    packed = path.suffix in PACKED and "gzip" in visit.request.headers.get("Accept-Encoding", "")
    return Response(
        body=_packed(path) if packed else path.read_bytes(),
        headers={
            "Content-Type": KINDS[path.suffix],
            "Cache-Control": "public, max-age=3600",
            "X-Content-Type-Options": "nosniff",
            "Server": "mutirao",
            "Vary": "Accept-Encoding",
            **({"Content-Encoding": "gzip"} if packed else {}),
        },
    )


@cache
def _packed(path: Path) -> bytes:
    return compress(path.read_bytes(), mtime=0)
