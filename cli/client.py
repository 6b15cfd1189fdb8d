# SPDX-License-Identifier: AGPL-3.0-or-later
"""Asks a node over HTTP: one connection for each request, every POST under an idempotency key.

A connection that is lost before the answer has come is tried once more with the same key, so that
nothing is done twice.
"""

import json
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from cli.ending import Ending, Misuse, Unreachable, WishRefused

TIMEOUT_SECONDS = 30.0
"""Longer than a node waits for other networks before it answers."""
_PAGE_ITEMS_MAX = 200
READ_BYTES = 256 * 1024
LINE_BYTES_MAX = 1024 * 1024
_JSON_TYPE = "application/json"
_PROBLEM_TYPE = "application/problem+json"

T = TypeVar("T")

_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")


class Shown(dict[str, Any]):
    """A JSON object that a node shows; what is not in it, another program has answered."""

    def __missing__(self, name: str) -> Any:
        raise Unreachable(f"what answered shows no {name!r}, as a mutirao node would")


class Client:
    """A node at a URL, asked with a token if there is one; raises WishRefused and Unreachable."""

    def __init__(self, url: str, token: str | None = None, *, timeout: float = TIMEOUT_SECONDS) -> None:
        """Raise Misuse where the URL or the token cannot be one."""
        self.url = url if "://" in url else f"http://{url}"
        try:
            parts = urlsplit(self.url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError:
            raise Misuse(f"{url} is not the URL of a node") from None
        if parts.scheme not in ("http", "https") or not self._host or parts.username or parts.query:
            raise Misuse(f"{url} is not the URL of a node, such as http://127.0.0.1:8081")
        if token is not None and not _VISIBLE.fullmatch(token):
            raise Misuse("the token has characters that no token has")
        self.token = token
        self._tls = parts.scheme == "https"
        self._base = parts.path.rstrip("/")
        self._timeout = timeout

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object that is shown at a path."""
        return self._ask("GET", path, query=query)

    def text(self, path: str, query: Mapping[str, str]) -> str:
        """Return what is shown at a path in another form than JSON."""
        with self._open("GET", path, query=query, headers={"Accept": "*/*"}) as response:
            return self._read(response).decode()

    def post(self, path: str, body: Mapping[str, Any], key: str | None = None) -> dict[str, Any]:
        """Return the JSON object that answers a wish; without an idempotency key it gets a fresh one."""
        return self._ask("POST", path, body=body, key=key or os.urandom(16).hex())

    def post_secret(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON object that answers a wish for a secret, which the node remembers under no key."""
        return self._ask("POST", path, body=body)

    def delete(self, path: str) -> None:
        """Take away what is at a path."""
        self._ask("DELETE", path)

    def list(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        most: int | None = None,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return the items of a list, at most so many, page after page, and the cursor of what is left."""
        items: list[Any] = []
        while True:
            room = _PAGE_ITEMS_MAX if most is None else min(_PAGE_ITEMS_MAX, most - len(items))
            place = {} if cursor is None else {"cursor": cursor}
            page = self.get(path, {**(query or {}), "limit": str(room), **place})
            items += page["items"]
            cursor = page["next"]
            if cursor is None or (most is not None and len(items) >= most):
                return {"items": items, "next": cursor}

    def download(self, path: str, target: Path) -> int:
        """Write what is at a path to a new file that only its owner may read; returns its size in bytes.

        Where the node tells the digest of it (RFC 9530), other bytes are refused.
        """
        with self._open("GET", path) as response:
            digest = sha256()
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    while chunk := self._read(response, READ_BYTES):
                        file.write(chunk)
                        digest.update(chunk)
                    told = f"sha-256=:{b64encode(digest.digest()).decode()}:"
                    if response.headers.get("Repr-Digest", told) != told:
                        raise Unreachable(f"what {self.url} sent is not what its digest tells")
                    file.flush()
                    os.fsync(file.fileno())
                    return file.tell()
            except BaseException:
                target.unlink()
                raise

    def events(self, types: str | None, after: str | None) -> Iterator[dict[str, Any]]:
        """Yield events as they happen, each with its id, until the node ends the stream."""
        query = None if types is None else {"types": types}
        headers = {"Accept": "text/event-stream", **({} if after is None else {"Last-Event-ID": after})}
        with self._open("GET", "/v1/events", query=query, headers=headers) as response:
            number = ""
            # A node that has nothing to tell says so every 15 seconds, so silence has its usual meaning.
            while line := self._got(lambda: response.readline(LINE_BYTES_MAX)):
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id":
                    number = value
                elif name == "data":
                    yield {"id": number, **json.loads(value)}

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        headers = {} if key is None else {"Idempotency-Key": key}
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()

        def ask() -> dict[str, Any]:
            with self._open(method, path, query=query, data=data, headers=headers) as response:
                text = self._read(response)
                return {} if response.status == 204 else self._value(response, text)

        again = "" if data is None else "; it may have been done"
        again += "" if key is None else f": run it again with --idempotency-key {key}"
        is_repeatable = data is None or key is not None
        try:
            return ask()
        except _Lost as lost:
            if lost.in_vain or not is_repeatable:  # another wait would end as this one did
                raise Unreachable(f"{lost}{again}") from None
        try:
            return ask()
        except _Lost as lost:
            raise Unreachable(f"{lost}{again}") from None
        except WishRefused as refused:
            if refused.problem.get("code") != "IDEMPOTENCY_IN_FLIGHT":
                raise
            raise Unreachable(f"{self.url} broke the connection off{again}") from None

    def _open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "_Answer":
        """Send a request, and return its answer once that has begun well; what begins ill is raised."""
        make = HTTPSConnection if self._tls else HTTPConnection
        connection = make(self._host, self._port, timeout=self._timeout)
        target = self._base + path + (f"?{urlencode(query)}" if query else "")
        sent = {"Accept": _JSON_TYPE, "User-Agent": "mutirao", **(headers or {})}
        if language := _language():
            sent["Accept-Language"] = language
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if data is not None:
            sent["Content-Type"] = _JSON_TYPE
        try:
            try:
                connection.connect()
            except OSError as error:  # what TLS and names can do wrong included
                raise Unreachable(f"{self.url} is not reachable: {_said(error)}") from None
            self._got(lambda: connection.request(method, target, data, sent))
            response = self._got(connection.getresponse)
            if response.status >= 400:
                self._value(response, self._read(response))
        except Ending:
            connection.close()
            raise
        return _Answer(connection, response)

    def _read(self, response: HTTPResponse, most: int | None = None) -> bytes:
        """Return the body of an answer, or its next part."""
        data = self._got(lambda: response.read(most))
        if not data and response.length:  # http.client says so itself only where all is read at once
            raise _Lost(f"{self.url} broke the connection off", in_vain=False)
        return data

    def _got(self, step: Callable[[], T]) -> T:
        """Return what one step on an open connection gives; raises _Lost where it fails."""
        try:
            return step()
        except TimeoutError:
            raise _Lost(f"{self.url} gave no answer within {self._timeout:g} seconds", in_vain=True) from None
        except (OSError, HTTPException) as error:
            raise _Lost(f"{self.url} broke the connection off: {_said(error)}", in_vain=False) from None

    def _value(self, response: HTTPResponse, text: bytes) -> dict[str, Any]:
        """Return the JSON object that an answer is; raises WishRefused for a problem."""
        kind = response.headers.get_content_type()
        try:
            value = json.loads(text, object_hook=Shown) if kind in (_JSON_TYPE, _PROBLEM_TYPE) else None
        except ValueError:
            value = None
        if isinstance(value, dict):
            if response.status < 300 and kind == _JSON_TYPE:
                return value
            if kind == _PROBLEM_TYPE:
                raise WishRefused(value)
        raise Unreachable(f"{self.url} answered {response.status}, but not as a mutirao node does")


def _language() -> str:
    """Return the language that the shell is set to, "" for none: the node tells refusals in it if it can."""
    named = next((found for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (found := os.environ.get(name))), "")
    language = re.match(r"([a-z]{2,3})_", named)
    return language[1] if language else ""


class _Lost(Unreachable):
    """The connection went before the answer had come whole, or nothing came on it at all."""

    def __init__(self, said: str, *, in_vain: bool) -> None:
        super().__init__(said)
        self.in_vain = in_vain


class _Answer:
    """An answer that has begun, and its connection, which ends with it."""

    def __init__(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        self._connection = connection
        self._response = response

    def __enter__(self) -> HTTPResponse:
        return self._response

    def __exit__(self, *_: object) -> None:
        self._response.close()
        self._connection.close()


def path_of(noun: str, *parts: str) -> str:
    """Return the path of a resource, of one of it, or of a part of that."""
    return "/".join(("/v1", noun, *(quote(part, safe="") for part in parts)))


def _said(error: Exception) -> str:
    """Return what an error says, in one line and without its number."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return text.partition("\n")[0]
