# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node's home directory: keys, settings, database, high-water mark; and how a network is founded in one."""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from node.http.components import Misread
from node.http.schema import form
from node.http.secret import new_token, token_hash
from node.http.values import read_json_text
from node.keeping.config import FILE_NAME
from node.loop.batch import Batch
from node.store.highwater import HighWater
from node.store.storage import Storage
from node.store.tokens import Token
from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount, parse_decimal
from protocol.book.personal import NAME_CHARS_MAX
from protocol.book.refusals import Refused
from protocol.events import Answer, Asked, Store
from protocol.lanes.claims import COLD_KEYS_MAX, Inception
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, ENTRY_SALT_BYTES, IDENTITY, NO_NETWORK, Entry, Millis, encode_body, seal
from protocol.lanes.identity import promise
from protocol.lanes.journal import Keyring
from protocol.practices import PRACTICES
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.people.names import HANDLE
from protocol.replica import Replica
from protocol.wire.keys import SEED_BYTES, KeyPair, id_text, parse_id

_HANDLE = re.compile(HANDLE)
DATABASE, HIGH_WATER, LOCK, KEYS = "mutirao.db", "high-water", "lock", "keys"
INVITATION = "invitation"
"""The file of a replica's invitation, which it has instead of the keys that sign."""
INVITATION_BYTES = 16
FOUNDING = "founding"
"""Where a home is made before it is moved up into its directory, the database last: it is founded or it is not."""
SETUP = "setup.json"
"""How far the guided set-up of a home has come; `init` leaves none."""
PEER_ID_PREFIX = bytes.fromhex("0024 0801 1220")
"""An Ed25519 key as libp2p names a peer by it: identity multihash of 36 bytes, protobuf of type and key."""
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_STEWARD = Actor(Role.STEWARD)

ABOUT_KEYS = {
    "hot": "Signs what this network says every day. Never let two running nodes have it.",
    "next": "Takes the place of the hot key when that is lost or stolen. KEEP IT ELSEWHERE: move this file to\n"
    "# a stick or paper that is not with this machine, and delete it here.",
    "cold": "Allows such a change of keys. KEEP IT ELSEWHERE: move this file to a stick or paper that two\n"
    "# trusted people hold, and delete it here.",
    "transport": "By this other nodes know this one on the wire.",
    "preimage": "From this come the secrets that release payments to this network. Keep it as the hot key.",
}
_SETTINGS = """\
# Settings of this node. What the command line or MUTIRAO_* in the environment says goes first.

# Where the HTTP API listens. Others than this machine need TLS, or a proxy in front that brings it.
# http = "127.0.0.1:8081"
# behind_proxy = true
# tls_certificate = "/etc/ssl/mutirao.crt"
# tls_key = "/etc/ssl/mutirao.key"

# Where other nodes reach this one, and which ones it connects to.
# p2p = ["/ip4/0.0.0.0/tcp/4001", "/ip4/127.0.0.1/tcp/4002/ws"]
# peers = ["/ip4/192.0.2.1/tcp/4001/p2p/12D3Koo..."]

# Let webhooks go to this machine and its own network, and without TLS.
# private_hooks = true

# log_level = "info"
"""


class HomeUnusable(Exception):
    """A directory that cannot be founded in or served from; the text says why and what to do."""

    code = "HOME_UNUSABLE"


@dataclass(frozen=True, slots=True)
class Founding:
    """A network to be: who it is, and its first currency, in which each member may owe the default limit.

    Of `cold_keys` keys `cold_needed` allow a change of the signing key; more than half of them where that is not said.
    """

    handle: str
    name: str
    currency: str
    scale: int = 2
    default_limit: str = "100"
    currency_name: str | None = None
    unit_word: str | None = None
    cold_keys: int = 1
    cold_needed: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters that the group begins with, by name, as they are typed."""
    guided: bool = False
    """Whether the set-up goes on in the browser once the node serves."""


@dataclass(frozen=True, slots=True)
class Founded:
    """What `mutirao init` prints; the token is not to be had again."""

    network_id: str
    handle: str
    peer_id: str
    steward_token: str


@dataclass(frozen=True, slots=True)
class Keys:
    """What a home signs with: the seed of its libp2p key, and a keyring; a replica has an invitation instead."""

    transport: bytes
    keyring: Keyring | None = None
    invitation: bytes | None = None


async def found(
    home: Path, founding: Founding, *, now: Callable[[], Millis], chance: Callable[[int], bytes]
) -> Founded:
    """Found a network in an empty directory; raises HomeUnusable, and then leaves nothing behind."""
    needed = cold_quorum(founding.cold_keys, founding.cold_needed)
    seeds = {name: chance(SEED_BYTES) for name in ABOUT_KEYS if name != "cold"}
    colds = {name: chance(SEED_BYTES) for name in cold_names(founding.cold_keys)}
    hot, following, transport = (KeyPair.from_seed(seeds[name]) for name in ("hot", "next", "transport"))
    cold = tuple(KeyPair.from_seed(seed).public for seed in colds.values())
    inception = Inception(hot.public, promise(following.public), cold, needed, transport.public)
    first = _sealed(hot, NO_NETWORK, IDENTITY, encode_body(inception, now()), chance(ENTRY_SALT_BYTES))
    currency = _first_currency(founding)
    profile = _profile(founding)
    second = _sealed(hot, first.id, COMMONS, encode_body(profile, now()), chance(ENTRY_SALT_BYTES))
    keyring = Keyring(hot, seeds["preimage"])
    asked = [
        Asked(1, "currencies.create", _STEWARD, currency),
        *(
            Asked(number, "parameters.set", _STEWARD, SetParameter(value), subject=name)
            for number, (name, value) in enumerate(founding.settings.items(), 2)
        ),
    ]
    entries = [first, second, *_opened(asked, keyring, [first, second], now(), chance)]
    token = new_token(chance)
    kept = Token(token_hash(token), Role.STEWARD, "made by mutirao init", token[-4:], now())
    with _new(home) as made:
        for name, seed in (seeds | colds).items():
            about = ABOUT_KEYS["cold" if name in colds else name]
            write_key(made / KEYS / f"{name}.key", seed, f"{founding.handle}: {name} key. {about}")
        (made / FILE_NAME).write_text(_SETTINGS)
        if founding.guided:
            (made / SETUP).write_text("{}")
        storage = await Storage.open(made / DATABASE, create=True)
        try:
            await storage.name_network(first.id)
            await storage.commit(Batch(entries))
            await storage.add_token(kept)
            reach = await storage.reach(first.id)
        finally:
            await storage.close()
        assert reach is not None
        mark = HighWater(made / HIGH_WATER, first.id)
        mark.advance(reach)
        mark.close()
    return Founded(id_text(first.id), founding.handle, peer_id(transport.public), token)


def cold_quorum(keys: int, needed: int | None) -> int:
    """Return how many of so many cold keys have to sign, over half if not told; HomeUnusable where that cannot be."""
    quorum = keys // 2 + 1 if needed is None else needed
    if not 1 <= keys <= COLD_KEYS_MAX:
        raise HomeUnusable(f"a network has 1 to {COLD_KEYS_MAX} cold keys")
    if not 1 <= quorum <= keys:
        raise HomeUnusable(f"{quorum} of {keys} cold keys cannot sign")
    return quorum


def cold_names(keys: int) -> tuple[str, ...]:
    """Return the names of the files in which a founding leaves so many cold keys, without their ending."""
    return ("cold",) if keys == 1 else tuple(f"cold-{number}" for number in range(1, keys + 1))


async def found_replica(
    home: Path, network_id: str, invitation: str, *, now: Callable[[], Millis], chance: Callable[[int], bytes]
) -> Founded:
    """Make the home of a replica of a network's books, which its home node lets in by the invitation's code.

    Raises HomeUnusable, and then leaves nothing behind.
    """
    network = parse_id(network_id)
    if network is None:
        raise HomeUnusable(f"{network_id!r} is no network id: 52 characters of a-z and 2-7 are")
    if not re.fullmatch(f"[0-9a-f]{{{2 * INVITATION_BYTES}}}", invitation):
        raise HomeUnusable("the invitation's code is what `mutirao replicas invite` told: 32 of 0-9 and a-f")
    seed, token = chance(SEED_BYTES), new_token(chance)
    kept = Token(token_hash(token), Role.STEWARD, "made by mutirao init", token[-4:], now())
    with _new(home) as made:
        write_key(made / KEYS / "transport.key", seed, f"replica: transport key. {ABOUT_KEYS['transport']}")
        write_key(made / KEYS / INVITATION, bytes.fromhex(invitation), "The code that lets this replica in.")
        (made / FILE_NAME).write_text(_SETTINGS)
        storage = await Storage.open(made / DATABASE, create=True)
        try:
            await storage.name_network(network)
            await storage.add_token(kept)
        finally:
            await storage.close()
    return Founded(network_id, "", peer_id(KeyPair.from_seed(seed).public), token)


def read_keys(home: Path) -> Keys:
    """Return the keys of a home; raises HomeUnusable where one is missing or is none."""
    keys = home / KEYS
    transport = read_key(keys / "transport.key")
    if (keys / INVITATION).exists():
        return Keys(transport, invitation=read_key(keys / INVITATION, INVITATION_BYTES))
    return Keys(transport, Keyring(KeyPair.from_seed(read_key(keys / "hot.key")), read_key(keys / "preimage.key")))


def write_key(path: Path, seed: bytes, about: str) -> None:
    """Write a seed as a text file that only its owner can read; raises FileExistsError."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"# {about}\n{seed.hex()}\n")
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path, size: int = SEED_BYTES) -> bytes:
    """Return the seed that write_key wrote; raises HomeUnusable, whose text holds nothing of it."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise HomeUnusable(f"{path} cannot be read: {error}") from None
    text = "".join(line for line in lines if not line.startswith("#")).strip()
    if not re.fullmatch(f"[0-9a-f]{{{2 * size}}}", text):
        raise HomeUnusable(f"{path} holds no key: {2 * size} characters of 0-9 and a-f are expected")
    return bytes.fromhex(text)


def peer_id(public_key: bytes) -> str:
    """Return a transport key as libp2p writes it (peer ids specification: base58 of an identity multihash)."""
    data = PEER_ID_PREFIX + public_key
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Keep every other mutirao off a home; raises HomeUnusable where one is at work in it."""
    if not home.is_dir():
        raise HomeUnusable(f"{home} is no directory: run `mutirao init --home {home}`")
    descriptor = os.open(home / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise HomeUnusable(f"another mutirao (process {holder}) is at work in {home}") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def awaits_founding(home: Path) -> bool:
    """Tell whether a network can be founded in a directory: new, empty, or left by a founding that was cut short."""
    if not home.exists():
        return True
    names = {path.name for path in home.iterdir()} if home.is_dir() else {""}
    return names <= {LOCK} or (FOUNDING in names and DATABASE not in names)


@contextmanager
def _new(home: Path) -> Iterator[Path]:
    """Take an empty or new directory into use, by way of one in it that is yielded; what fails leaves nothing in it."""
    existed = home.exists()
    if not awaits_founding(home):
        raise HomeUnusable(f"{home} is not empty: a network is founded in a directory of its own")
    umask = os.umask(0o077)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(home):
            if not awaits_founding(home):
                raise HomeUnusable(f"{home} is not empty: another network was founded there just now")
            try:
                _empty(home)
                (home / FOUNDING).mkdir()
                yield home / FOUNDING
                _move_up(home)
            except BaseException:
                _empty(home)
                (home / LOCK).unlink()
                if not existed:
                    home.rmdir()
                raise
    finally:
        os.umask(umask)


def _empty(home: Path) -> None:
    for path in home.iterdir():
        if path.name != LOCK:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _move_up(home: Path) -> None:
    """Move what was made into its place, durably; the database last, by which it is told that all is there."""
    made = home / FOUNDING
    make_durable(made)
    for path in sorted(made.iterdir(), key=lambda one: one.name == DATABASE):
        if path.name == DATABASE:
            make_durable(home)
        path.rename(home / path.name)
    made.rmdir()
    make_durable(home)


def make_durable(home: Path) -> None:
    """See to it that what a home's directories hold outlives a power cut."""
    for directory in (home / KEYS, home, home.parent):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _profile(founding: Founding) -> Profile:
    if not _HANDLE.fullmatch(founding.handle):
        raise HomeUnusable(f"{founding.handle!r} is no handle: 2 to 32 of a-z, 0-9 and inner dashes are")
    if not 1 <= len(founding.name) <= NAME_CHARS_MAX:
        raise HomeUnusable(f"a network's name has 1 to {NAME_CHARS_MAX} characters")
    name, word = (_text(field, getattr(founding, field)) for field in ("name", "unit_word"))
    return Profile(founding.handle, name, founding.currency, word or founding.currency, founding.scale, ())


def _text(field: str, text: str | None) -> str:
    """Return a text of the founding in Unicode normal form C, as every node keeps it."""
    try:
        return read_json_text(text or "")
    except Misread as misread:
        misread.path.append(field)
        raise _refused(f"the {field} {text!r}", misread.refused()) from None


def _first_currency(founding: Founding) -> CreateCurrency:
    """Return the wish for the first currency, read as any other is; raises HomeUnusable."""
    words = {
        "code": founding.currency,
        "name": founding.currency_name or founding.currency,
        "credit_limit": {"value": "0", "asset_scale": 0},
        "unit_word": founding.unit_word,
        "scale": founding.scale,
    }
    try:
        wish: CreateCurrency = form(CreateCurrency).read(words)
    except Misread as misread:
        raise _refused(f"the currency {founding.currency!r}", misread.refused()) from None
    limit = parse_decimal(founding.default_limit, founding.scale)
    if isinstance(limit, Refused):
        raise _refused(f"the default limit {founding.default_limit!r}", limit)
    return replace(wish, credit_limit=Amount(limit, founding.currency, founding.scale))


def _opened(
    asked: list[Asked], keyring: Keyring, entries: list[Entry], now: Millis, chance: Callable[[int], bytes]
) -> list[Entry]:
    """Return the entries that open the first currency and set what the group begins with, by the rules for all."""
    replica = Replica(entries[0].id, PRACTICES, chance=chance, keyring=keyring)
    list(replica.load(entries))
    effects = replica.handle(asked, now)
    for effect in effects:
        if isinstance(effect, Answer) and isinstance(refused := effect.result, Refused):
            wish = asked[effect.request - 1]
            raise _refused(f"the currency {wish.wish.code!r}" if not wish.subject else wish.subject, refused)
    return [effect.entry for effect in effects if isinstance(effect, Store)]


def _refused(what: str, refused: Refused) -> HomeUnusable:
    """Return what tells that something wished for at the founding is refused."""
    figures = ", ".join(f"{name} {value}" for name, value in refused.figures.items())
    return HomeUnusable(f"{what} is refused: {refused.reason}{f' ({figures})' if figures else ''}")


def _sealed(keys: KeyPair, network: bytes, lane: str, body: bytes, salt: bytes) -> Entry:
    return seal(keys, network=network, lane=lane, epoch=0, seq=0, prev=None, body=body, salt=salt)
