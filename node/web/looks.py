# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a page is put together: its template, what every template may ask for, and the headers that guard it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from aiohttp.web import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from node.http.about import NodeShown
from node.http.values import bytes_text
from node.languages.catalogues import LANGUAGES_TOLD
from node.web.shelf import MENU, PageNoun
from node.web.shown import PieceMaker, path_to
from node.web.tile import pigment_in
from node.web.visits import PageRequest, form_token
from protocol.book.book import Book
from protocol.book.declaration import Role
from protocol.lanes.entry import Millis

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
SITE_HEADERS: Mapping[str, str] = {
    "Server": "mutirao",
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Looks:
    """Makes pages for visits: everything that a template needs and that is not the page's own."""

    def __init__(
        self,
        about: Callable[[], NodeShown],
        book: Callable[[], Book],
        shelf: Mapping[str, PageNoun],
        now: Callable[[], Millis],
        secret: bytes,
    ) -> None:
        self._now = now
        self.lying: Callable[[], Sequence[str]] = tuple
        """Tells which keys still lie on this machine and belong elsewhere."""
        self._about = about
        self._book = book
        self._shelf = shelf
        self._secret = secret

    @cached_property
    def _environment(self) -> Environment:
        made = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.globals |= {"path_to": path_to, "languages": LANGUAGES_TOLD}
        return made

    @property
    def about(self) -> NodeShown:
        """Which node this is."""
        return self._about()

    def drawer(self, visit: PageRequest) -> PieceMaker:
        """Return what makes parts of a page for a reader."""
        scales = {code: one.scale for code, one in self._book().currencies.items() if not one.closed}
        return PieceMaker(visit.words, self._shelf, scales, self._backed())

    def _backed(self) -> frozenset[str]:
        return frozenset(code for code, one in self._book().currencies.items() if one.guaranteed)

    def page(self, template: str | Iterable[str], visit: PageRequest, **more: Any) -> str:
        """Return a page; of several templates the first that there is."""
        names = [template] if isinstance(template, str) else list(template)
        about = self._about()
        return self._environment.select_template(names).render(
            visit=visit,
            words=visit.words,
            _=visit.words.say,
            label=visit.words.label,
            told=visit.words.told,
            verb_of=visit.words.verb,
            about=about,
            backed=self._backed(),
            pigment=pigment_in(self._book()),
            network=bytes_text(self._book().network),
            now=self._now(),
            groups=self.groups(visit),
            signed_in=visit.actor.role is not Role.ANYONE,
            role=visit.actor.role,
            me=self._handle_of(visit),
            lying_keys=self.lying() if visit.actor.role is Role.STEWARD else (),
            form_token=form_token(self._secret, visit.bearer),
            **more,
        )

    def _handle_of(self, visit: PageRequest) -> str:
        member = self._book().members.get(visit.actor.member or "")
        return "" if member is None else member.handle

    def groups(self, visit: PageRequest) -> list[tuple[str, list[PageNoun]]]:
        """Return the nouns that open to who comes, by group."""
        found: list[tuple[str, list[PageNoun]]] = []
        for group in MENU:
            nouns = [one for one in self._shelf.values() if one.group == group and one.opens_to(visit.actor.role)]
            if nouns:
                found.append((group, sorted(nouns, key=lambda one: visit.words.label(one.name))))
        return found

    def respond(self, page: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Return a page with the headers that every page bears."""
        return Response(body=page.encode(), status=status, headers={**SITE_HEADERS, **(headers or {})})

    def show(self, template: str | Iterable[str], visit: PageRequest, **more: Any) -> Response:
        """Return the answer that shows a page."""
        return self.respond(self.page(template, visit, **more))


def moved_to(path: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that leads a browser on after a form."""
    return Response(
        status=303, headers={"Location": path, "Server": "mutirao", "Cache-Control": "no-store", **(headers or {})}
    )
