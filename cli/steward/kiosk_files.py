# SPDX-License-Identifier: AGPL-3.0-or-later
"""The file of a kiosk: its key, what it was told, and what it has signed since; durable before anything leaves it."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.ending import Misuse
from cli.keys import bytes_of, text_of
from cli.settings import said
from protocol.book.signed import parse_uuid
from protocol.practices.credit.kiosks.offline import KioskTold, OfflineKiosk
from protocol.practices.credit.kiosks.statements import SignedStatement
from protocol.wire.keys import KeyPair, parse_id

KIOSK_FORM = "mutirao-kiosk-1"
KIOSK_FILE_BYTES_MAX = 64 * 1024 * 1024


def read_kiosk_json(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file holds; raises Misuse."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(KIOSK_FILE_BYTES_MAX))
    except (OSError, ValueError) as error:
        raise Misuse(f"{path} cannot be read: {said(error)}") from None
    if not isinstance(found, dict):
        raise Misuse(f"{path} holds no JSON object")
    return found


def key_in(path: Path) -> KeyPair:
    """Return the key of a kiosk's file; raises Misuse."""
    held = read_kiosk_json(path)
    try:
        if held["form"] != KIOSK_FORM:
            raise ValueError(f"the form {held['form']} is unknown")
        return KeyPair.from_seed(bytes_of(held["secret_seed"]))
    except (ValueError, LookupError, TypeError) as error:
        raise Misuse(f"{path} is no kiosk that can be read: {said(error)}") from None


def read_kiosk(path: Path) -> OfflineKiosk | None:
    """Return the kiosk in a file, None where it was told nothing yet; raises Misuse."""
    keys, held = key_in(path), read_kiosk_json(path)
    if held.get("told") is None:
        return None
    try:
        told = dict(held["told"])
        for name in ("network", "kiosk", "head"):
            told[name] = bytes_of(told[name])
        signed = tuple(SignedStatement(bytes_of(one["data"]), bytes_of(one["signature"])) for one in held["statements"])
        slips = tuple((bytes_of(name), int(until)) for name, until in held["slips"])
        return OfflineKiosk(keys, KioskTold(**told), signed, slips)
    except (ValueError, LookupError, TypeError) as error:
        raise Misuse(f"{path} is no kiosk that can be read: {said(error)}") from None


def write_kiosk(path: Path, kiosk: OfflineKiosk) -> None:
    """Put a kiosk in the place of what its file holds, durably: all of it or nothing."""
    told = {name: text_of(one) if isinstance(one, bytes) else one for name, one in asdict(kiosk.told).items()}
    held = {
        "form": KIOSK_FORM,
        "secret_seed": read_kiosk_json(path)["secret_seed"],
        "told": told,
        "statements": statements_of(kiosk),
        "slips": [[text_of(name), until] for name, until in kiosk.slips],
    }
    beside = path.with_name(f"{path.name}.new")
    try:
        with suppress(FileNotFoundError):
            beside.unlink()
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(json.dumps(held, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Misuse(f"{path} cannot be written: {said(error)}") from None


def statements_of(kiosk: OfflineKiosk) -> list[dict[str, str]]:
    """Return what a kiosk has signed since it was told something, as the API takes it."""
    return [{"data": text_of(one.data), "signature": text_of(one.signature)} for one in kiosk.signed]


def told_by(shown: Mapping[str, Any]) -> KioskTold:
    """Return what `mutirao kiosks show ID --json` tells of a kiosk; raises Misuse."""
    try:
        num, _, den = shown["ratio"].partition(":")
        network, kiosk = parse_id(shown["network"]), parse_uuid(shown["id"])
        if network is None or kiosk is None:
            raise ValueError("it names no network and no kiosk")
        if shown["forked_at"] is not None:
            raise Misuse(f"the kiosk {shown['name']} is frozen: it has signed twice at place {shown['forked_at']}")
        return KioskTold(
            network=network,
            kiosk=kiosk,
            currency=shown["reserve"],
            scale=shown["rights"]["asset_scale"],
            num=int(num),
            den=int(den),
            fee=shown["fee_basis_points"],
            place=shown["place"],
            head=b"" if shown["head"] is None else bytes_of(shown["head"]),
            given_minor=int(shown["given"]["value"]),
            rights_minor=int(shown["rights"]["value"]),
            till_minor=int(shown["till"]["value"]),
            till_filled_minor=int(shown["till_filled"]["value"]),
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Misuse(f"that is not what a node shows of a kiosk: {said(error)}") from None
