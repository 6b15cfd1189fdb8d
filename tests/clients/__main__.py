# SPDX-License-Identifier: AGPL-3.0-or-later
"""Builds a Python and a TypeScript client from the OpenAPI document, and lets each of them pay at a node that serves.

Run it: PYTHONPATH=. python -m tests.clients. It takes the generators that it finds on PATH, openapi-python-client 0.29
and openapi-typescript 7 with tsc 5 and node 20 or newer; it says which it did not find. None of them is in the locked
environment, so with --if-there (make soak) it ends well without them.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from node.http.app import document_of
from protocol.practices import OPERATIONS
from tests.node.http.tried import Trial, founded, money, people

HERE = Path(__file__).parent
PYTHON_GENERATOR = "openapi-python-client"
CLIENTS = 2
TYPESCRIPT_TOOLS = ("openapi-typescript", "tsc", "node")


async def run(*words: str | Path, cwd: Path) -> str:
    """Run a program to its end and return what it printed; raises RuntimeError where it failed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words), cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{words[0]} ended with {process.returncode}:\n{told.decode()[-4_000:]}")
    return told.decode()


async def python_client(folder: Path, document: Path, one: Trial, generator: str) -> None:
    """Generate a package, and use it with the Python that has the generator, which brings what a client needs."""
    package = folder / "riacho_client"
    told = await run(generator, "generate", "--path", document, "--output-path", package, "--meta", "none", cwd=folder)
    left_out = [line for line in told.splitlines() if "parsing" in line]
    assert left_out == ["WARNING parsing GET /v1/admin/backup within admin."], told
    python = Path(generator).with_name("python")
    shutil.copy(HERE / "paying.py", folder)
    sys.stdout.write(await run(python, "paying.py", one.url, one.tokens["bia"], cwd=folder))


async def typescript_client(folder: Path, document: Path, one: Trial) -> None:
    """Make types, hold a program against them, and run it."""
    await run("openapi-typescript", document, "-o", folder / "schema.d.ts", cwd=folder)
    shutil.copy(HERE / "paying.ts", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    options = ("--strict", "--target", "es2022", "--lib", "es2023,dom", "--module", "nodenext", "--skipLibCheck")
    await run("tsc", *options, "paying.ts", cwd=folder)
    sys.stdout.write(await run("node", "paying.js", one.url, one.tokens["bia"], cwd=folder))


async def main() -> int:
    """Try each client whose generator is here."""
    generator = shutil.which(PYTHON_GENERATOR)
    missing = [tool for tool in TYPESCRIPT_TOOLS if shutil.which(tool) is None]
    done = 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        document = folder / "openapi.json"
        document.write_text(json.dumps(document_of(OPERATIONS)))
        async with founded(folder / "home") as one:
            await people(one)
            await money(one)
            if generator is None:
                sys.stdout.write(f"no Python client was built: {PYTHON_GENERATOR} is not on PATH\n")
            else:
                await python_client(folder, document, one, generator)
                done += 1
            if missing:
                sys.stdout.write(f"no TypeScript client was built: not on PATH: {', '.join(missing)}\n")
            else:
                await typescript_client(folder, document, one)
                done += 1
    return 0 if done == CLIENTS or "--if-there" in sys.argv else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
