# SPDX-License-Identifier: AGPL-3.0-or-later
"""Make `riacho_3971d92.json`: a home by the build before practices got rooms, and what the exporter takes of it.

`python tests/importing/make.py` makes that build once, outside the tree (tests/bench/before.py), founds a group with it
by its own command, and writes the file anew. The members' keys follow from their handles, so that tests can sign.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any
from urllib.error import URLError

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench"), str(HERE.parents[1])]

from before import build_before  # type: ignore[reportMissingImports]  # noqa: E402
from export import ask, export  # noqa: E402

from protocol.wire.keys import KeyPair  # noqa: E402

FILE = HERE / "riacho_3971d92.json"
PATIENCE_SECONDS = 60


class Old:
    """A home of the build before, and its command."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.python, self.folder = python, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.token = ""

    def run(self, *words: str) -> Any:
        who = {"MUTIRAO_TOKEN": self.token} if self.token and "--key" not in words else {}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "MUTIRAO_NODE": self.url, **who}
        done = subprocess.run(
            [self.python, "-m", "cli", *words, "--json"],
            cwd=self.folder, env=environment, check=True, stdout=subprocess.PIPE,
        )  # fmt: skip
        return json.loads(done.stdout)

    def key(self, handle: str) -> str:
        """Write the key that follows from a handle, as `keys new` does, and return its file."""
        seed = handle.encode().ljust(32, b".")
        public = KeyPair.from_seed(seed).public
        text = {"form": "mutirao-key-1", "public_key": _text(public), "secret_seed": _text(seed)}
        file = self.folder / f"{handle}.key"
        file.touch(mode=0o600)
        file.write_text(json.dumps(text))
        return str(file)

    def join(self, handle: str, *words: str) -> None:
        code = self.run("invitations", "create")["code"]
        self.run("join", code, "--handle", handle, *words)
        self.run("members", "approve", handle)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def tell(old: Old) -> None:
    """Let a group live a little: keys and none, two currencies, a leaver's debt, a levy, limits, a suspension."""
    old.run("currencies", "create", "--code", "FLOR", "--name", "Flores", "--credit-limit", "30", "--scale", "1")
    for handle in ("ana", "bia"):
        old.join(handle, "--name", f"{handle.title()} Souza", "--key", old.key(handle))
    for handle in ("caio", "dora", "elio"):
        old.join(handle)
    old.run("members", "add-key", "ana", "--new", old.key("ana-phone"), "--key", str(old.folder / "ana.key"))
    old.run("members", "set-limits", "bia", "--currency", "HORA", "--credit-limit", "200", "--balance-limit", "300.50")
    for payer, payee, amount in (
        ("caio", "bia", "60.25 HORA"),
        ("elio", "caio", "18.00 HORA"),
        ("dora", "ana", "2.5 FLOR"),
    ):
        old.run("payments", "create", "--payer", payer, "--payee", payee, "--amount", amount)
    old.run("pay", "dora", "12.50 HORA", "--key", str(old.folder / "ana.key"))
    old.run("members", "leave", "elio")
    old.run("currencies", "set-levy", "HORA", "--basis-points", "100")
    old.run("payments", "create", "--payer", "caio", "--payee", "bia", "--amount", "10 HORA")
    old.run("members", "suspend", "dora")
    old.join("eva")


def main() -> None:
    """Found, serve, tell, export."""
    with tempfile.TemporaryDirectory() as folder:
        old = Old(build_before().python, Path(folder))
        founding = ("--handle", "riacho", "--name", "Riacho", "--currency", "HORA", "--default-limit", "100.00")
        old.token = old.run("init", "--home", "riacho", *founding)["steward_token"]
        places = ("--http", old.url.removeprefix("http://"), "--p2p", "/ip4/127.0.0.1/tcp/0")
        serving = subprocess.Popen(
            [old.python, "-m", "cli", "serve", "--home", "riacho", *places],
            cwd=folder, env={"PATH": os.environ["PATH"], "HOME": folder},
        )  # fmt: skip
        try:
            _wait(old)
            tell(old)
            exported = export(old.url, old.token)
        finally:
            serving.terminate()
            serving.wait(10)
    FILE.write_text(json.dumps(exported, indent=1, ensure_ascii=False) + "\n")


def _wait(old: Old) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            ask(old.url, old.token, "/readyz")
        except URLError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    main()
