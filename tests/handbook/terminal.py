# SPDX-License-Identifier: AGPL-3.0-or-later
"""A terminal that types what a page of the handbook shows, and compares what it is told with what the page says.

Ids, codes, tokens, keys and times differ in each run: the page's are learned as the ones that stand in their place, and
what is typed later has the real ones. A line of three dots stands for any lines. What does not come at once, since
another node has to hear of it, is asked for again.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

BIN = Path(sys.executable).parent
PATIENCE_SECONDS = 30.0
PORTS: tuple[str, ...] = ("8081", "8082", "8083", "4001", "4002", "4003")
"""The ports that the pages name; each run has its own."""

_SHOWN = re.compile(
    r"^```console\n(?P<session>.*?)^```$"
    r"|^<!-- stop (?P<stop>\S+) -->$"
    r"|^<!-- file (?P<name>\S+) -->\n```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_CHANGING = re.compile(
    r"""
    (?P<passing>
        \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)   # a time
      | (?<!\d)1\d{12}(?!\d)                                           # a time in milliseconds
      | (?<=bytes[ ])[ ]*\d+                                            # a size
    )
  | mt_[A-Za-z0-9_-]{43}                                                # a token
  | 12D3Koo[1-9A-HJ-NP-Za-km-z]{45}                                     # a peer
  | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}        # a payment
  | (?<![a-z2-7])[a-z2-7]{52}(?![a-z2-7])                               # a network, a link
  | (?<=link-)[a-z2-7]{16}                                              # a mirror account
  | (?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f])              # a digest, a code of a replica
  | [A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}                                      # a code of an invitation
  | (?<![A-Z2-7])[A-Z2-7]{16}(?![A-Z2-7])                               # a member
  | (?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])                # a key
  | "[A-Za-z0-9_-]{22}"                                                 # an ETag
  | (?<=127\.0\.0\.1:)\d+ | (?<=/tcp/)\d+                              # a port
    """,
    re.VERBOSE,
)
_LOOKS = re.compile(r"\b(show|list|status|balance|statement|curl|verify)\b")
"""What only looks can be asked again."""


class Differs(AssertionError):
    """What was told is not what the page says."""


class Terminal:
    """A directory, an environment, the nodes that serve in it, and what the page's own values stand for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.learned: dict[str, str] = dict(zip(PORTS, map(str, _free_ports(len(PORTS))), strict=True))
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MUTIRAO_") and name != "PATH"
        }
        tools = Path(__file__).with_name("tools")
        self.environment |= {"PATH": f"{tools}:{BIN}:{os.environ['PATH']}", "TZ": "UTC", "COLUMNS": "200"}
        self._nodes: dict[str, subprocess.Popen[str]] = {}

    def play(self, page: Path) -> None:
        """Type all that a page shows, in its order; raises Differs.

        A comment `stop HOME` ends a node there, a comment `file NAME` keeps the block that follows it.
        """
        for shown in _SHOWN.finditer(page.read_text()):
            if shown["stop"]:
                self.stop(shown["stop"])
            elif shown["name"]:
                (self.folder / shown["name"]).write_text(shown["text"])
            else:
                for command, said in _steps(shown["session"]):
                    self._type(command, said)

    def stop(self, home: str) -> None:
        """End the node of a home, as Ctrl-C does."""
        node = self._nodes.pop(home)
        node.send_signal(signal.SIGINT)
        assert node.wait(PATIENCE_SECONDS) == 0

    def close(self) -> None:
        """Leave nothing running."""
        for node in self._nodes.values():
            node.kill()
            node.wait()

    def _type(self, command: str, said: list[str]) -> None:
        typed = self._real(command)
        if typed.startswith("export "):
            name, _, value = typed.removeprefix("export ").partition("=")
            self.environment[name] = value
        elif typed.startswith("mutirao serve "):
            _compare(command, said, self._serve(typed), self.learned)
        else:
            until = time.monotonic() + PATIENCE_SECONDS
            while True:
                told = self._run(typed)
                learned = dict(self.learned)
                try:
                    _compare(command, said, told, learned)
                except Differs:
                    # A reader looks again, and tries again what passes by itself.
                    passes = any("It passes by itself" in line for line in told)
                    if time.monotonic() > until or not (passes or _LOOKS.search(command)):
                        raise
                    time.sleep(0.2)
                else:
                    self.learned = learned
                    return

    def _run(self, typed: str) -> list[str]:
        done = subprocess.run(
            ["sh", "-c", typed],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return done.stdout.splitlines()

    def _serve(self, typed: str) -> list[str]:
        words = typed.split()
        home = words[words.index("--home") + 1]
        log = (self.folder / f"{home}.log").open("a")
        node = subprocess.Popen(
            words, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            text=True,
        )  # fmt: skip
        log.close()
        self._nodes[home] = node
        assert node.stdout is not None
        return [node.stdout.readline().rstrip("\n") for _ in range(2)]

    def _real(self, text: str) -> str:
        """Return a command of the page with the values of this run."""
        return _CHANGING.sub(lambda found: self.learned.get(found[0], found[0]), text)


def _steps(shown: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block and the lines that follow it."""
    command, said = "", list[str]()
    for line in shown.splitlines():
        if command.endswith("\\"):
            command = command[:-1] + line.strip()
        elif line.startswith("$ "):
            if command:
                yield command, said
            command, said = line[2:], []
        elif not line.startswith("#") or said:
            said.append(line)
    if command:
        yield command, said


def _compare(command: str, said: list[str], told: list[str], learned: dict[str, str]) -> None:
    """Learn what the page's values stand for; raises Differs where more than those differs."""

    def differs(why: str) -> Differs:
        return Differs(f"$ {command}\n{why}\nthe page says:\n{_text(said)}\nbut it is told:\n{_text(told)}")

    rest = iter([line for line in told if line.strip()])
    wanted = [line for line in said if line.strip()]
    for at, line in enumerate(wanted):
        if line.strip() == "...":
            if at + 1 == len(wanted):
                return
            rest = _from(wanted[at + 1], rest)
            continue
        found = next(rest, None)
        if found is None or not _fits(line, found, learned):
            raise differs(f"at {line!r}")
    if (more := next(rest, None)) is not None:
        raise differs(f"there is {more!r} besides")


def _from(line: str, rest: Iterator[str]) -> Iterator[str]:
    """Skip what comes before a line that fits."""
    for found in rest:
        if _fits(line, found, {}):
            yield found
            yield from rest


def _fits(line: str, found: str, learned: dict[str, str]) -> bool:
    """Tell whether two lines say the same but for what changes, and learn that."""
    if _CHANGING.sub("\0", line).split() != _CHANGING.sub("\0", found).split():
        return False
    pairs = zip(_CHANGING.finditer(line), _CHANGING.finditer(found), strict=True)
    return all(page["passing"] or learned.setdefault(page[0], real[0]) == real[0] for page, real in pairs)


def _text(lines: list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
