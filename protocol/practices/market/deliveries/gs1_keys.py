# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keys of GS1, however they are written, as the canonical GS1 Digital Link: urn:epc:... by GS1's Tag Data Standard 2.0.

Of a link counts the finest level alone (a serial number before a lot), at id.gs1.org, without what is asked of it.
"""

import re

GS1_LINKS = "https://id.gs1.org/"
_EPC = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(.+)")
_KEYS = {
    # What names it: its application identifier, digits before the check digit, what stands behind it.
    "sgtin": ("01", 13, "/21/"),
    "lgtin": ("01", 13, "/10/"),
    "upui": ("01", 13, "/235/"),
    "itip": ("8006", 13, "/21/"),
    "sscc": ("00", 17, ""),
    "sgln": ("414", 12, "/254/"),
    "pgln": ("417", 12, ""),
    "grai": ("8003", 12, ""),
    "gdti": ("253", 12, ""),
    "sgcn": ("255", 12, ""),
    "gsrn": ("8018", 17, ""),
    "gsrnp": ("8017", 17, ""),
    "gsin": ("402", 16, ""),
    "giai": ("8004", 0, ""),
    "ginc": ("401", 0, ""),
    "cpi": ("8010", 0, "/8011/"),
}
_INDICATED = ("sgtin", "lgtin", "upui", "itip", "sscc")
"""Keys whose first digit stands before the company's prefix, and behind it in the urn."""
_ALIKE = {
    "gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417", "gsrnp": "8017", "gsrn": "8018",
    "gcn": "255", "sscc": "00", "gdti": "253", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004",
    "cpv": "22", "lot": "10", "ser": "21",
}  # fmt: skip
_FINER = {"01": ("21", "235", "10"), "8006": ("21", "10"), "414": ("254",), "8010": ("8011",)}
"""What may follow a key, the finest first."""
_PRIMARY = {ai for ai, _, _ in _KEYS.values()}
_GTIN_DIGITS = 14


def check_digit(digits: str) -> str:
    """Return the last digit of a key of GS1 by those before it (General Specifications 7.9)."""
    total = sum(int(one) * (3 if place % 2 == 0 else 1) for place, one in enumerate(reversed(digits)))
    return str(-total % 10)


def canonical_link(text: str) -> str | None:
    """Return the canonical GS1 Digital Link of an EPC or of a link to any resolver; None where it is neither."""
    epc = _EPC.fullmatch(text)
    if epc is not None:
        return _of_epc(epc[1], epc[2], epc[3])
    return _of_link(text) if text.startswith(("http://", "https://")) else None


def _of_epc(sort: str, scheme: str, rest: str) -> str | None:
    parts = rest.split(".", 2)
    known = _KEYS.get(scheme)
    if known is None or len(parts) < 2 or not parts[0].isdecimal():
        return None
    ai, digits, behind = known
    company, key, tail = parts[0], parts[1], parts[2] if len(parts) > 2 else ""
    if not digits:
        named = company + _encoded(".".join(parts[1:]) if scheme != "cpi" else key)
        return f"{GS1_LINKS}{ai}/{named}" + (f"{behind}{tail}" if scheme == "cpi" and tail not in ("", "*") else "")
    bare = key[:1] + company + key[1:] if scheme in _INDICATED else company + key
    if len(bare) != digits or not bare.isdecimal():
        return None
    named = ("0" if scheme == "grai" else "") + bare + check_digit(bare)
    if scheme == "itip":
        piece, total, tail = (*tail.split(".", 2), "", "")[:3]
        named += piece + total
    is_whole = tail in ("", "*") or (sort == "idpat") or (scheme == "sgln" and tail == "0")
    return f"{GS1_LINKS}{ai}/{named}" + ("" if is_whole else behind + _encoded(tail))


def _encoded(text: str) -> str:
    """Write what a Digital Link may not hold as it is in percent."""
    return re.sub(r"[!()*+,:]", lambda one: f"%{ord(one[0]):02X}", text)


def _of_link(text: str) -> str | None:
    steps = re.split(r"[?#]", text, maxsplit=1)[0].split("/")[3:]
    names = [_ALIKE.get(one, one) for one in steps]
    # The key is the last step that names one and has its value behind it.
    at = next((at for at, one in enumerate(names[:-1]) if one in _PRIMARY and _is_value(one, steps[at + 1])), None)
    if at is None:
        return None
    ai, value = names[at], steps[at + 1]
    behind = dict(zip(names[at + 2 :: 2], steps[at + 3 :: 2], strict=False))
    finest = next((f"/{one}/{behind[one]}" for one in _FINER.get(ai, ()) if one in behind), "")
    return f"{GS1_LINKS}{ai}/{value.zfill(_GTIN_DIGITS) if ai == '01' else value}{finest}"


def _is_value(ai: str, value: str) -> bool:
    return bool(value) and (ai in ("8004", "401", "8010", "8003", "253", "255", "8006") or value.isdecimal())
