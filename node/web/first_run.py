# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages of a node that has no network yet: a code from the terminal opens the form that founds one."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp.web import BaseRequest, Response

from node.http.about import NodeShown
from node.http.auth import Buckets
from node.http.problems import Denied, told
from node.http.refusals import PATH_UNKNOWN
from node.http.secret import new_token
from node.keeping.guided import OneTimeCode
from node.keeping.home import Founding, HomeUnusable
from node.languages.catalogues import LANGUAGES_TOLD, decimal_mark, figures_in, language_accepted, texts_of
from node.web.looks import Looks, moved_to
from node.web.site import static_file
from node.web.tile import LIME, PIGMENTS, pigment_of, tile
from node.web.visits import LANGUAGE_COOKIE, SESSION, PageRequest, check_form, cookies_of, read_form, set_cookie
from node.web.words import PageWords
from protocol.book.book import Book
from protocol.book.declaration import NOBODY
from protocol.book.folding import folded
from protocol.book.money import decimal, parse_decimal
from protocol.book.parameters import LANGUAGE, PIGMENT, TIME_ZONE
from protocol.book.personal import NAME_CHARS_MAX
from protocol.book.timezones import RULES
from protocol.lanes.entry import Millis
from protocol.practices import PRACTICES
from protocol.practices.people.names import HANDLE

TRIES_AT_ONCE, TRIES_A_SECOND = 5, 1 / 30
"""How many codes one address may try."""
SCALE = 2
_CURRENCY = r"[A-Z][A-Z0-9]{1,11}"
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
_NO_NETWORK = bytes(32)
STEP_FIELDS = ("name", "handle", "language", "pigment", "unit_word", "currency", "limit", "time_zone")

FoundNow = Callable[[Founding], Awaitable[str]]
"""Found a network, and return the token by which the browser goes on as its steward; raises HomeUnusable."""


@dataclass(frozen=True, slots=True)
class FormFault:
    """Why a field of the founding is not taken: the field, and the sentence."""

    field: str
    said: str


class FirstRunPages:
    """Answers until a network is founded: the form for the code, and to who typed it the form of step 1."""

    def __init__(
        self, code: OneTimeCode, found: FoundNow, *, now: Callable[[], Millis], chance: Callable[[int], bytes]
    ) -> None:
        self._code = code
        self._found = found
        self._now = now
        self._chance = chance
        self._let_in = ""
        self._tries = Buckets(TRIES_AT_ONCE, TRIES_A_SECOND)
        self._secret = chance(32)
        self._blank = Book(_NO_NETWORK, PRACTICES)
        shown = NodeShown("", "", "mutirao", "", (), "STOPPED", "", "")
        self._looks = Looks(lambda: shown, lambda: self._blank, {}, now, self._secret)

    def serves(self, raw_path: str, accepted: str) -> bool:
        """Tell whether an address is of a page, or of what its looks need; programs are told that there is nothing."""
        return "text/html" in accepted or raw_path.startswith(("/setup", "/static/")) or raw_path == "/tile.svg"

    async def answer(self, request: BaseRequest, raw_path: str, raw_query: str, address: str, body: bytes) -> Response:
        """Answer a request for a page."""
        del raw_query
        cookies = cookies_of(request)
        chosen = cookies.get(LANGUAGE_COOKIE, "")
        language = chosen if chosen in LANGUAGES_TOLD else language_accepted(request.headers.get("Accept-Language"))
        bearer = cookies.get(SESSION, "")
        is_let_in = bool(self._let_in) and bearer == self._let_in
        words = PageWords(language, TIME_ZONE.default)
        visit = PageRequest(request, NOBODY, words, address, raw_path, {}, bearer if is_let_in else "", request.secure)
        try:
            return await self._answer(visit, body)
        except Denied as denied:
            texts, figures = texts_of(denied.reason, language), figures_in(language, denied.figures)
            shown = told(texts, figures, lambda _: None, decimal_mark(language))
            page = self._looks.page("refused.html", visit, shown=shown, code=denied.reason.code, typed=visit.typed)
            return self._looks.respond(page, status=denied.reason.status, headers=denied.headers)

    async def _answer(self, visit: PageRequest, body: bytes) -> Response:
        post = visit.request.method == "POST"
        if post:
            visit.posted = read_form(body)
            check_form(visit, self._secret)
        match visit.path:
            case path if path.startswith("/static/") and not post:
                return static_file(visit)
            case "/tile.svg" if not post:
                drawn = tile(_NO_NETWORK, pigment_of(_NO_NETWORK))
                return Response(body=drawn.encode(), headers={"Content-Type": "image/svg+xml", "Server": "mutirao"})
            case "/language" if post:
                chosen = visit.first("language")
                cookie = set_cookie(LANGUAGE_COOKIE, chosen if chosen in LANGUAGES_TOLD else "en", secure=visit.secure)
                return moved_to("/setup", {"Set-Cookie": cookie})
            case "/setup" | "/setup/1" if visit.bearer:
                return await self._step(visit) if post else self._form(visit, {}, None)
            case "/setup":
                return self._enter(visit) if post else code_page(self._looks, visit, is_wrong=False)
            case _ if not post:
                return moved_to("/setup")
            case _:
                raise Denied(PATH_UNKNOWN)

    def _enter(self, visit: PageRequest) -> Response:
        self._tries.take(visit.address, self._now())
        if not self._code.opens(visit.first("code")):
            return code_page(self._looks, visit, is_wrong=True)
        self._let_in = new_token(self._chance)
        return moved_to("/setup/1", {"Set-Cookie": set_cookie(SESSION, self._let_in, secure=visit.secure)})

    async def _step(self, visit: PageRequest) -> Response:
        typed = {name: visit.first(name) for name in STEP_FIELDS}
        read = founding_of(typed, visit.words)
        if isinstance(read, FormFault):
            return self._form(visit, typed, read)
        try:
            token = await self._found(read)
        except HomeUnusable as unusable:
            return self._form(visit, typed, FormFault("name", str(unusable)))
        cookie = set_cookie(SESSION, token, secure=visit.secure)
        # The next door opens at the same sockets: the browser knocks anew and waits until it does.
        return moved_to("/setup/2", {"Set-Cookie": cookie, "Connection": "close"})

    def _form(self, visit: PageRequest, typed: Mapping[str, str], fault: FormFault | None) -> Response:
        begun = {"language": visit.words.language, "pigment": "petrol", "limit": "100", "time_zone": "", **typed}
        page = self._looks.page(
            "setup/founding.html",
            visit,
            typed={name: begun.get(name, "") for name in STEP_FIELDS},
            fault=fault,
            pigments={name: shades[0] for name, shades in PIGMENTS.items()},
            lime=LIME,
            zones=sorted(RULES),
            step=1,
        )
        return self._looks.respond(page, status=200 if fault is None else 422)


def code_page(looks: Looks, visit: PageRequest, *, is_wrong: bool) -> Response:
    """Return the page that asks for the code from the terminal."""
    return looks.respond(
        looks.page("setup/code.html", visit, is_wrong=is_wrong, step=0), status=422 if is_wrong else 200
    )


def founding_of(typed: Mapping[str, str], words: PageWords) -> Founding | FormFault:
    """Return what a form founds, or what is wrong with it in the reader's language."""
    name = typed["name"]
    if not 1 <= len(name) <= NAME_CHARS_MAX:
        return FormFault("name", words.say("A name has 1 to {most} characters.", most=NAME_CHARS_MAX))
    handle = typed["handle"].lower() or handle_from(name)
    if not re.fullmatch(HANDLE, handle):
        return FormFault("handle", words.say("2 to 32 letters from a to z without accents, digits and inner dashes."))
    word = typed["unit_word"]
    if not 1 <= len(word) <= NAME_CHARS_MAX:
        return FormFault("unit_word", words.say("A name has 1 to {most} characters.", most=NAME_CHARS_MAX))
    currency = typed["currency"].upper() or handle_from(word).replace("-", "").upper()[:12]
    if not re.fullmatch(_CURRENCY, currency):
        return FormFault("currency", words.say("2 to 12 capital letters without accents and digits, a letter first."))
    limit = limit_of(typed["limit"], SCALE)
    if limit is None:
        return FormFault("limit", words.say("A number such as 100 or 100{mark}00.", mark=words.decimal_mark))
    if typed["time_zone"] not in RULES:
        return FormFault("time_zone", words.say("A place from the list, such as America/Fortaleza or Europe/Madrid."))
    settings = {
        TIME_ZONE.name: typed["time_zone"],
        LANGUAGE.name: typed["language"] if typed["language"] in LANGUAGES_TOLD else words.language,
        PIGMENT.name: typed["pigment"] if typed["pigment"] in PIGMENTS else PIGMENT.default,
    }
    return Founding(
        handle, name, currency, default_limit=decimal(limit, SCALE), unit_word=word, settings=settings, guided=True
    )


def limit_of(text: str, scale: int) -> int | None:
    """Return a limit as it is typed, with comma or point, in minor units; None where it is none."""
    plain = "".join(text.split())
    plain = plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain
    read = parse_decimal(plain, scale)
    return read if isinstance(read, int) and read >= 0 else None


def handle_from(name: str) -> str:
    """Return a handle made of a name: "Oficina do São José" as "oficina-do-sao-jose"; empty where none can be made."""
    return _NOT_LETTERS.sub("-", folded(name)).strip("-")[:32].strip("-")
