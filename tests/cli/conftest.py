# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command as a test calls it, and a stub of a node that answers what it is told to."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.main import main


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, what it printed, what it complained of."""

    code: int
    out: str
    err: str

    @property
    def shown(self) -> Any:
        """The one JSON object that it printed."""
        return json.loads(self.out)


@pytest.fixture
def mutirao(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., Ended]]:
    """Run a command in an empty directory, without settings but those that the test makes."""
    umask = os.umask(0o022)
    for name in [name for name in os.environ if name.startswith("MUTIRAO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    yield run
    os.umask(umask)


@dataclass
class Heard:
    """A request that came to the stub."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Stub:
    """A node that answers by (method, path without its query): JSON, a problem, or whatever a test makes of it."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    _answers: dict[tuple[str, str], list[Callable[[BaseHTTPRequestHandler], None]]] = field(default_factory=dict)

    def shows(self, method: str, path: str, shown: Any, status: int = 200) -> None:
        """Answer so: once if more answers follow for this path, else each time."""
        kind = "application/problem+json" if status >= 400 else "application/json"
        self.does(method, path, lambda handler: _send(handler, status, kind, json.dumps(shown).encode()))

    def refuses(
        self, method: str, path: str, code: str, detail: str = "No.", status: int = 422, **figures: int
    ) -> None:
        """Answer with a problem."""
        problem = {"type": f"/docs#{code}", "title": "No", "status": status, "code": code, "detail": detail}
        self.shows(method, path, {**problem, "figures": figures}, status)

    def sends(self, method: str, path: str, status: int, kind: str, body: bytes) -> None:
        """Answer with whatever this is."""
        self.does(method, path, lambda handler: _send(handler, status, kind, body))

    def hangs_up(self, method: str, path: str) -> None:
        """Close the connection once the request has come."""
        self.does(method, path, lambda _: None)

    def does(self, method: str, path: str, act: Callable[[BaseHTTPRequestHandler], None]) -> None:
        """Answer by an act of the test's own."""
        self._answers.setdefault((method, path), []).append(act)

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Take a request."""
        size = int(handler.headers.get("Content-Length") or 0)
        data = handler.rfile.read(size)
        body = json.loads(data) if data else None
        self.heard.append(Heard(handler.command, handler.path, dict(handler.headers), body))
        acts = self._answers.get((handler.command, handler.path.partition("?")[0]))
        if acts is None:
            _send(
                handler, 404, "application/problem+json", b'{"code": "NOT_FOUND", "detail": "There is no such thing."}'
            )
        else:
            (acts.pop(0) if len(acts) > 1 else acts[0])(handler)
        handler.close_connection = True

    def asked(self, method: str, path: str) -> list[Heard]:
        """Return the requests of this method to this path."""
        return [one for one in self.heard if (one.method, one.path.partition("?")[0]) == (method, path)]


def _send(handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch, mutirao: Callable[..., Ended]) -> Iterator[Stub]:
    """A stub of a node, which commands ask by default."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            stub.take(self)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 (as http.server asks)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("MUTIRAO_NODE", stub.url)
    yield stub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def recife() -> Iterator[None]:
    """A clock that is three hours behind UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "America/Recife")
        time.tzset()
        yield
    time.tzset()
