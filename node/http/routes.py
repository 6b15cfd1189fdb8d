# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests on their way: which route a path leads to, and what the query and the body say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from aiohttp.web import BaseRequest, StreamResponse

from node.http.components import Misread, hints_of, required_of
from node.http.jsonbytes import parse_json
from node.http.problems import Denied
from node.http.schema import form
from node.http.values import read_json_text
from protocol.book.declaration import Act, Actor, Create, Operation, ReckonForm, Role
from protocol.book.refusals import MALFORMED

JSON_TYPE = "application/json"
MOVED = 202
"""The status of a wish that was put to the vote instead of being done."""
BODY_BYTES_MAX = 64 * 1024
QUERY_FIELDS_MAX = 32


@dataclass(slots=True)
class Exchange:
    """One request on its way to an answer."""

    request: BaseRequest
    actor: Actor
    path: str
    subject: str
    query: Mapping[str, str]
    body: bytes
    address: str

    @property
    def is_of_this_machine(self) -> bool:
        """Tell whether who asks is a program on this machine, and no proxy that asks for somebody else."""
        if "X-Forwarded-For" in self.request.headers or "Forwarded" in self.request.headers:
            return False
        try:
            return ip_address(self.request.remote or "").is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Route:
    """What is done at one path by one method, and all that the OpenAPI document says of it.

    `scope` is what a scoped token needs; `wish`, `wanted` and `answer` are the types of the body, of the
    query parameters and of the answer; a paged answer is a list of `answer`. One that `remembers` honours
    idempotency keys, one that is `tagged` bears an ETag, one that `resumes` is a stream of events.
    `statuses` are those of problems beyond the usual ones; `moved` is what is shown of a wish that was put to the vote.
    """

    method: str
    path: str
    name: str
    who: frozenset[Role]
    handle: Callable[[Exchange], Awaitable[StreamResponse]]
    scope: str | None = None
    wish: type[Any] | None = None
    wanted: type[Any] | None = None
    answer: Any = None
    paged: bool = False
    status: int = 200
    produces: str = JSON_TYPE
    summary: str = ""
    example: str = ""
    remembers: bool = False
    tagged: bool = False
    resumes: bool = False
    statuses: tuple[int, ...] = ()
    operation: Operation | None = None
    """The operation that practices have declared, None of what is the node's own."""
    signed: Create | Act | None = None
    """The same, where members sign its wish."""
    moved: Any = None
    event: Any = None
    """What each event of a stream holds."""
    body_bytes_max: int = BODY_BYTES_MAX
    forms: tuple[ReckonForm, ...] = ()
    """In which forms beside JSON it answers."""


class RouteTable:
    """Finds the routes of a path: fixed paths first, then one id in the third place."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[str, dict[str, Route]] = {}
        self._of_one: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in self.routes:
            parts = route.path.split("/")
            if "{id}" in parts:
                assert parts[1] == "v1" and parts[3] == "{id}" and len(parts) in (4, 5), route.path
                methods = self._of_one.setdefault((parts[2], *parts[4:]), {})
            else:
                methods = self._fixed.setdefault(route.path, {})
            assert route.method not in methods, f"{route.method} {route.path} is declared twice"
            methods[route.method] = route

    def find(self, path: str) -> tuple[Mapping[str, Route], str]:
        """Return the routes of a raw path by method, none if it leads nowhere, and the raw id in it."""
        methods = self._fixed.get(path)
        if methods is not None:
            return methods, ""
        parts = path.split("/")
        if len(parts) in (4, 5) and parts[1] == "v1" and parts[3]:
            return self._of_one.get((parts[2], *parts[4:]), {}), parts[3]
        return {}, ""


def subject_of(raw: str) -> str:
    """Return an id as it was before percent-encoding; raises Denied where that is not text."""
    try:
        return _unquoted(raw)
    except Misread as misread:
        misread.path.append("path")
        raise denied(misread) from None


def query_of(raw: str) -> dict[str, str]:
    """Return query parameters, each given once; raises Denied."""
    if not raw:
        return {}
    try:
        pairs = parse_qsl(
            raw, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=QUERY_FIELDS_MAX
        )
    except ValueError:
        raise Denied(MALFORMED, field="query", expected="name=value pairs, percent-encoded UTF-8") from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise Denied(MALFORMED, field="query", expected="each parameter once")
    return query


def no_more(query: Mapping[str, str], known: Iterable[str] = ()) -> None:
    """Refuse query parameters that are not known here: a misspelt filter must not show everything."""
    if query and (unknown := query.keys() - set(known)):
        raise Denied(MALFORMED, field=min(unknown)[:64], expected="no such parameter")


def denied(misread: Misread) -> Denied:
    """Return the problem that a misread request is."""
    return Denied.of(misread.refused())


def read_wish(wish: type[Any], body: bytes) -> Any:
    """Return the wish that a body holds; an empty body stands for no fields. Raises Denied."""
    try:
        return form(wish).read(parse_json(body) if body else {})
    except Misread as misread:
        raise denied(misread) from None


def wanted_reader(wanted: type[Any]) -> Callable[[Mapping[str, str]], Any]:
    """Return what makes a list's wish of query parameters; raises TypeError where a field cannot be one."""
    readers: dict[str, Callable[[str], Any]] = {}
    for name, hint in hints_of(wanted).items():
        read = form(hint).read_text
        if read is None:
            raise TypeError(f"{wanted.__qualname__}.{name} cannot be a query parameter")
        readers[name] = read
    required = required_of(wanted)

    def read_wanted(query: Mapping[str, str]) -> Any:
        no_more(query, readers)
        found: dict[str, Any] = {}
        for name, text in query.items():
            try:
                found[name] = readers[name](text)
            except Misread as misread:
                misread.path.append(name)
                raise denied(misread) from None
        missing = next((name for name in required if name not in found), None)
        if missing is not None:
            raise Denied(MALFORMED, field=missing, expected="a value")
        return wanted(**found)

    return read_wanted


def _unquoted(raw: str) -> str:
    data = unquote_to_bytes(raw)
    try:
        return read_json_text(data.decode())
    except UnicodeDecodeError:
        raise Misread(expected="percent-encoded UTF-8") from None
