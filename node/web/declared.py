# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists, records and forms made from what practices declare: no practice needs a page of its own to have pages."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp.web import Response

from node.http import idempotency
from node.http.answers import as_it_is
from node.http.auth import allow
from node.http.components import hints_of
from node.http.jsonbytes import dump
from node.http.problems import PROBLEM_TYPE, Denied, ScaleOf, problem_of
from node.http.refusals import PATH_UNKNOWN
from node.http.resources import Answers, id_field_of
from node.http.routes import JSON_TYPE, MOVED
from node.http.schema import form, json_bytes
from node.http.secret import is_told_once, without_secrets
from node.http.signed import about_of
from node.http.values import bytes_text
from node.loop.refusals import IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_REUSED
from node.loop.waiting import TOO_MANY, Remember
from node.web.choosing import FieldChoices, asked_which
from node.web.fields import FormField, form_fields, lead_of, with_typed
from node.web.looks import Looks, moved_to
from node.web.prices import fields_of_price, price_asked, price_told
from node.web.reading import brought_wish, typed_question, typed_wish
from node.web.shelf import PageNoun
from node.web.shown import ListedRow, path_to
from node.web.signing import signing_slip
from node.web.visits import KEY_FIELD, STEP_FIELD, PageRequest
from protocol.book.book import Book
from protocol.book.declaration import Act, Create, List, ListOf, Operation, Page, Reckon, Role, Show, operation_name
from protocol.book.refusals import NOT_FOUND, Refused
from protocol.book.signed import uuid_text
from protocol.book.wishes import ID_BYTES
from protocol.lanes.entry import Millis

CHANGE, DO = "change", "do"
ROWS_LISTED = 50
CURSOR_DIGITS_MAX = 18
_KEY_IS_TAKEN = (IDEMPOTENCY_IN_FLIGHT.code, IDEMPOTENCY_REUSED.code)
"""What tells that something else was asked under a key, and may have been done."""


OwnParts = Callable[[PageRequest, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""What a page that is drawn by hand needs besides what is declared: of a visit, and of what its template has."""


class DeclaredPages:
    """Answers for every noun: /members, /members/ana, /members/ana/suspend, /members/join."""

    def __init__(
        self,
        runtime: Answers,
        shelf: Mapping[str, PageNoun],
        looks: Looks,
        book: Callable[[], Book],
        scale_of: ScaleOf,
        now: Callable[[], Millis],
        chance: Callable[[int], bytes],
        own: Mapping[str, OwnParts] = {},
    ) -> None:
        self._runtime = runtime
        self._own = own
        self._chooser = FieldChoices(runtime, shelf)
        self._shelf = shelf
        self._looks = looks
        self._book = book
        self._scale_of = scale_of
        self._now, self._chance = now, chance

    async def answer(self, visit: PageRequest, parts: Sequence[str]) -> Response:
        """Answer for a noun, one of it, or what can be done with it; raises Denied."""
        noun = self._shelf.get(parts[0])
        if noun is None:
            raise Denied(PATH_UNKNOWN)
        post = visit.request.method == "POST"
        match parts[1:]:
            case [] if not post:
                return await self._index(visit, noun)
            case [verb] if verb in noun.creates:
                return await self._change(visit, noun, noun.creates[verb], "")
            case [what] if what in noun.reckons and not post:
                return await self._figures(visit, noun, noun.reckons[what])
            case [subject] if noun.show is not None and not post:
                return await self._record(visit, noun, noun.show, subject)
            case [subject, verb] if verb in noun.acts:
                return await self._change(visit, noun, noun.acts[verb], subject)
            case [subject, what] if what in noun.lists_of and not post:
                return await self._list(visit, noun, noun.lists_of[what], subject)
            case _:
                raise Denied(PATH_UNKNOWN)

    async def _draw(self, names: Sequence[str], visit: PageRequest, *, status: int = 200, **parts: Any) -> Response:
        """Return a page by the first of these templates that there is, with what is drawn by hand on it."""
        for name in names:
            if name in self._own:
                parts |= await self._own[name](visit, parts)
        page = self._looks.page([f"{name}.html" for name in names], visit, **parts)
        return self._looks.respond(page, status=status)

    # Lists.

    async def _index(self, visit: PageRequest, noun: PageNoun) -> Response:
        if noun.list is not None:
            return await self._list(visit, noun, noun.list, "")
        allow(visit.actor, frozenset(Role) if noun.opens_to(visit.actor.role) else frozenset({Role.STEWARD}), None)
        return await self._show_list(visit, noun, None, [], None, [])

    async def _list(self, visit: PageRequest, noun: PageNoun, operation: List | ListOf, subject: str) -> Response:
        allow(visit.actor, operation.who, f"{noun.name}:read")
        query = dict(visit.query)
        after = query.pop("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) <= CURSOR_DIGITS_MAX):
            raise Denied(PATH_UNKNOWN)
        typed = {name: [text] for name, text in query.items()}
        fields = form_fields(operation.wanted, visit.words, self._units())
        wanted, errors = typed_question(visit, operation.wanted, typed)
        items: Sequence[Any] = ()
        following = refused = None
        if not errors:
            name = operation_name(operation)
            page = await self._runtime.ask(
                name, visit.actor, wanted, subject=subject, after=int(after), limit=ROWS_LISTED
            )
            if page is None:
                raise Denied(NOT_FOUND)
            refused = self._problem(visit, page) if isinstance(page, Refused) else None
            page = Page((), None) if isinstance(page, Refused) else page
            items, following = page.items, page.next
        rows = [self._row(visit, noun, operation, one) for one in items]
        more = None if following is None else f"{visit.path}?{urlencode({**query, 'after': following})}"
        return await self._show_list(
            visit, noun, operation, rows, more, with_typed(fields, typed, errors), subject, refused
        )

    async def _show_list(
        self,
        visit: PageRequest,
        noun: PageNoun,
        operation: List | ListOf | None,
        rows: Sequence[ListedRow],
        more: str | None,
        fields: Sequence[FormField],
        subject: str = "",
        refused: Any = None,
    ) -> Response:
        doable = [one for one in (*noun.creates.values(), *noun.reckons.values()) if visit.actor.role in one.who]
        return await self._draw(
            [f"{noun.name}/list", "list"],
            visit,
            operation=operation,
            noun=noun,
            subject=subject,
            title=visit.words.label(operation.what if isinstance(operation, ListOf) else noun.name),
            said="" if operation is None else visit.words.help(lead_of(operation.wanted)),
            rows=rows,
            more=more,
            filters=fields,
            refused=refused,
            doable=[] if subject else [_verb(one) for one in doable],
        )

    def _row(self, visit: PageRequest, noun: PageNoun, operation: List | ListOf, item: Any) -> ListedRow:
        names = list(hints_of(type(item)))
        address = id_field_of(type(item))
        heading = next(
            (name for name in ("title", "name", "handle", "label", "who", "payee") if name in names), address
        )
        drawer = self._looks.drawer(visit)
        text = getattr(item, heading)
        linked = noun.show is not None and isinstance(operation, List)
        identity = getattr(item, address, "")
        part = drawer.part(text, hints_of(type(item))[heading])
        left = {heading} | ({address} if linked else set[str]())
        return ListedRow(
            path_to(noun.name, _name_of(identity)) if linked and identity else "",
            part.text or _name_of(identity),
            drawer.facts(item, leave=left),
        )

    # Records and figures.

    async def _record(self, visit: PageRequest, noun: PageNoun, operation: Show, subject: str) -> Response:
        allow(visit.actor, operation.who, f"{noun.name}:read")
        item = _found(await self._runtime.ask(operation_name(operation), visit.actor, subject=subject))
        if item is None:
            raise Denied(NOT_FOUND)
        acts = [one for one in noun.acts.values() if visit.actor.role in one.who]
        lists = [one.what for one in noun.lists_of.values() if visit.actor.role in one.who]
        return await self._draw(
            [f"{noun.name}/record", "record"],
            visit,
            noun=noun,
            subject=subject,
            item=item,
            title=self._title(visit, item, subject),
            said=visit.words.help(lead_of(type(item))),
            facts=self._looks.drawer(visit).facts(item),
            acts=[_verb(one) for one in acts],
            lists=lists,
        )

    def _title(self, visit: PageRequest, item: Any, subject: str) -> str:
        for name in ("title", "name", "handle", "label"):
            text = getattr(item, name, None)
            if isinstance(text, str) and text:
                return text
        return visit.words.say("no. {id}", id=visit.words.told(subject))

    async def _figures(self, visit: PageRequest, noun: PageNoun, operation: Reckon) -> Response:
        allow(visit.actor, operation.who, f"{noun.name}:read")
        typed = {name: [text] for name, text in visit.query.items()}
        fields = form_fields(operation.wanted, visit.words, self._units())
        wanted, errors = typed_question(visit, operation.wanted, typed)
        facts: Sequence[Any] = ()
        refused = None
        if not errors and (visit.query or not any(one.required for one in fields)):
            shown = await self._runtime.ask(operation_name(operation), visit.actor, wanted)
            if isinstance(shown, Refused):
                refused = self._problem(visit, shown)
            else:
                facts = self._looks.drawer(visit).facts(shown)
        return await self._draw(
            [f"{noun.name}/{operation.what}", f"{noun.name}/figures", "figures"],
            visit,
            noun=noun,
            title=visit.words.label(operation.what),
            said=visit.words.help(lead_of(operation.wanted)),
            fields=with_typed(fields, typed, errors if visit.query else {}),
            facts=facts,
            refused=refused,
        )

    def _problem(self, visit: PageRequest, refused: Refused) -> Any:
        """Return a refusal as a page tells it: heading, detail, ways, code."""
        return json.loads(problem_of(refused, self._scale_of, visit.words.language)[1])

    # Forms.

    async def _change(self, visit: PageRequest, noun: PageNoun, operation: Create | Act, subject: str) -> Response:
        allow(visit.actor, operation.who, f"{noun.name}:write")
        about = about_of(operation)
        leave = (about,) if about else ()
        fields = form_fields(operation.wish, visit.words, self._units(), leave=leave)
        if visit.request.method != "POST":
            typed = {name: [text] for name, text in visit.query.items()}
            return await self._form(visit, noun, operation, subject, with_typed(fields, typed, {}))
        matches = await self._chooser.found(visit, operation_name(operation), fields, self._book())
        typed = visit.typed
        if visit.first(STEP_FIELD) == CHANGE:
            return await self._form(visit, noun, operation, subject, with_typed(fields, typed, {}))
        brought = await brought_wish(visit, operation, subject)
        if brought is not None:
            return await self._do(visit, noun, operation, subject, brought, fields)
        if matches:
            whose = dict.fromkeys(matches, visit.words.say("Who is meant?"))
            asked = asked_which(with_typed(fields, typed, whose), matches)
            return await self._form(visit, noun, operation, subject, asked, status=422)
        wish, errors = await typed_wish(visit, operation, subject, leave)
        if errors:
            return await self._form(visit, noun, operation, subject, with_typed(fields, typed, errors), status=422)
        if visit.first(STEP_FIELD) != DO and (operation.signed is not None or getattr(operation, "asks", "")):
            asked = price_asked(operation, wish)
            price = None if asked is None else await self._runtime.ask("quotes.create", visit.actor, asked)
            told = {"key": visit.first(KEY_FIELD), "now": self._now(), "chance": self._chance}
            slip = signing_slip(self._book(), visit, operation, wish, price, **told)
            if isinstance(slip, Refused):
                again, refused = with_typed(fields, typed, {}), self._problem(visit, slip)
                return await self._form(visit, noun, operation, subject, again, status=422, refused=refused)
            return await self._confirm(visit, noun, operation, subject, wish, price, slip)
        return await self._do(visit, noun, operation, subject, wish, fields)

    async def _form(
        self,
        visit: PageRequest,
        noun: PageNoun,
        operation: Create | Act,
        subject: str,
        fields: Sequence[FormField],
        *,
        status: int = 200,
        refused: Any = None,
    ) -> Response:
        # A refusal is remembered under its key: what is corrected and sent again is another wish.
        spent = refused is not None and status < TOO_MANY and refused["code"] not in _KEY_IS_TAKEN
        return await self._draw(
            [f"{noun.name}/{operation.verb}", f"{noun.name}/form", "form"],
            visit,
            status=status,
            noun=noun,
            subject=subject,
            title=visit.words.verb(noun.name, operation.verb),
            heading=visit.words.heading(noun.name, operation.verb),
            said=visit.words.help(lead_of(operation.wish)),
            operation=operation,
            fields=await self._chooser.with_choices(visit, operation_name(operation), fields),
            refused=refused,
            key=("" if spent else visit.first(KEY_FIELD)) or bytes_text(self._chance(16)),
            gated=operation.gate is not None,
        )

    async def _confirm(
        self, visit: PageRequest, noun: PageNoun, operation: Create | Act, subject: str, wish: Any, cost: Any, slip: Any
    ) -> Response:
        maker = self._looks.drawer(visit)
        facts = maker.facts(wish)
        hidden = [(name, text) for name, texts in visit.typed.items() for text in texts]
        if cost is not None:
            hidden += fields_of_price(cost)
        return await self._draw(
            [f"{noun.name}/{operation.verb}-confirm", "confirm"],
            visit,
            wish=wish,
            quote=cost,
            noun=noun,
            subject=subject,
            title=visit.words.verb(noun.name, operation.verb),
            heading=visit.words.heading(noun.name, operation.verb),
            said=visit.words.help(lead_of(operation.wish)),
            facts=facts,
            price=[] if cost is None else price_told(cost, maker),
            hidden=hidden,
            key=visit.first(KEY_FIELD),
            slip=slip,
        )

    async def _do(
        self,
        visit: PageRequest,
        noun: PageNoun,
        operation: Create | Act,
        subject: str,
        wish: Any,
        fields: Sequence[FormField],
    ) -> Response:
        """Do what a form asks, once for the key that it bears, and lead on to what came of it."""
        assert noun.show is not None
        shown = noun.show.shown
        show = form(shown).show or as_it_is
        done: list[Any] = []

        def render(result: Any) -> tuple[int, str, bytes]:
            if isinstance(result, Refused):
                status, body = problem_of(result, self._scale_of, visit.words.language)
                return status, PROBLEM_TYPE, body
            done.append(result)
            if isinstance(result, shown):
                return 200, JSON_TYPE, dump(show(result))
            return MOVED, JSON_TYPE, json_bytes(result)  # it was put to the vote

        key = visit.first(KEY_FIELD)
        idempotency.check_key(key)
        remember = Remember(
            scope=idempotency.scope_of(visit.actor, key),
            request=idempotency.request_of("POST", visit.path, dump(sorted(visit.typed.items())), key),
            render=render,
            keep=without_secrets(shown),
        )
        name = operation_name(operation)
        kept = await self._runtime.ask_once(name, visit.actor, wish, subject=subject, remember=remember)
        answer = json.loads(kept.body)
        if kept.status >= 400:  # HTTP's own line
            fields = with_typed(fields, visit.typed, {})
            return await self._form(visit, noun, operation, subject, fields, status=kept.status, refused=answer)
        if done and isinstance(done[0], shown) and is_told_once(done[0], operation.wish):
            facts = self._looks.drawer(visit).facts(done[0])
            return self._looks.show(
                "told_once.html",
                visit,
                noun=noun,
                title=visit.words.verb(noun.name, operation.verb),
                heading=visit.words.heading(noun.name, operation.verb),
                facts=facts,
            )
        if kept.status == MOVED:
            return moved_to(path_to("motions", answer["id"]))
        return moved_to(path_to(noun.name, str(answer[id_field_of(shown)])))

    def _units(self) -> Sequence[str]:
        return [code for code, one in self._book().currencies.items() if not one.closed]


def _found(result: Any) -> Any:
    """Return what the runtime found; raises Denied for a refusal."""
    if isinstance(result, Refused):
        raise Denied.of(result)
    return result


def _verb(operation: Operation) -> str:
    return operation_name(operation).partition(".")[2]


def _name_of(identity: Any) -> str:
    return uuid_text(identity) if isinstance(identity, bytes) and len(identity) == ID_BYTES else str(identity)
