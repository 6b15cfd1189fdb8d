# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node's settings: the command line, then MUTIRAO_* in the environment, then mutirao.toml in the home."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any

LOG_LEVELS = ("debug", "info", "warning", "error")
PEERS_MAX = 512
FILE_NAME = "mutirao.toml"
CLIENT_TABLE = "client"
"""The table of the same file that is the command's own."""


class ConfigFault(ValueError):
    """A setting that cannot be: its text names the setting, where it was set, and what it may be."""


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one serving node.

    `source_url` is where the source of what runs here is to be had, as the licence asks of whoever changes
    it. With `reopen` a node that recovers goes on at once, in a new epoch, and gives up what it has lost.
    With `audit` a replica checks every member's signature, also where it takes in years of books at once.
    With `private_hooks` webhooks may go to this machine and its own network, and without TLS.
    """

    http: tuple[str, int] = ("127.0.0.1", 8081)
    p2p: tuple[str, ...] = ("/ip4/0.0.0.0/tcp/4001",)
    peers: tuple[str, ...] = ()
    behind_proxy: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    source_url: str = ""
    log_level: str = "info"
    reopen: bool = False
    audit: bool = False
    private_hooks: bool = False


def load(home: Path, arguments: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """Return the settings of a home; an argument that is None was not given. Raises ConfigFault."""
    written = _read_file(home / FILE_NAME)
    settings: dict[str, Any] = {}
    for name, read in _READERS.items():
        variable = f"MUTIRAO_{name.upper()}"
        for place, given in (
            (_FLAGS.get(name, f"--{name.replace('_', '-')}"), arguments.get(name)),
            (variable, environment.get(variable)),
            (f"{name} in {FILE_NAME}", written.get(name)),
        ):
            if given is not None:
                try:
                    settings[name] = read(given)
                except (ValueError, TypeError) as error:
                    raise ConfigFault(f"{place} is {given!r}: {error}") from None
                break
    config = Config(**settings)
    _check_together(config)
    return config


def _check_together(config: Config) -> None:
    if (config.tls_certificate is None) != (config.tls_key is None):
        raise ConfigFault("tls_certificate and tls_key are set together or not at all")
    host, port = config.http
    if not (_is_loopback(host) or config.tls_certificate or config.behind_proxy):
        raise ConfigFault(
            f"http is {host}:{port}, which others can reach: set tls_certificate and tls_key, or behind_proxy"
            " where a proxy on this machine brings TLS"
        )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        written = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigFault(f"{path} cannot be read: {error}") from None
    if unknown := written.keys() - _READERS.keys() - {CLIENT_TABLE}:
        raise ConfigFault(f"{min(unknown)} in {path} is no setting; there are {', '.join(_READERS)}")
    return written


def _http(given: Any) -> tuple[str, int]:
    host, colon, port = str(given).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError("a host and a port are expected, such as 127.0.0.1:8081 or [::1]:8081")
    return host, int(port)


def _multiaddrs(given: Any) -> tuple[str, ...]:
    found = tuple(given.replace(",", " ").split() if isinstance(given, str) else given)
    if len(found) > PEERS_MAX or not all(isinstance(one, str) and one.startswith("/") for one in found):
        raise ValueError(f"at most {PEERS_MAX} multiaddrs are expected, such as /ip4/192.0.2.1/tcp/4001")
    return found


def _flag(given: Any) -> bool:
    known = {True: True, False: False, "true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    found = known.get(given.lower() if isinstance(given, str) else given)
    if found is None:
        raise ValueError("true or false is expected")
    return found


def _path(given: Any) -> Path:
    path = Path(given)
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


def _level(given: Any) -> str:
    if given not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)} is expected")
    return given


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_FLAGS = {"peers": "--peer"}
_READERS: dict[str, Callable[[Any], Any]] = {
    "http": _http,
    "p2p": _multiaddrs,
    "peers": _multiaddrs,
    "behind_proxy": _flag,
    "tls_certificate": _path,
    "tls_key": _path,
    "source_url": str,
    "log_level": _level,
    "reopen": _flag,
    "audit": _flag,
    "private_hooks": _flag,
}
assert list(_READERS) == [one.name for one in fields(Config)]
