#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# Two multiaddrs that print the same text are not equal, and one of them does not survive its own text.
#
# Versions:  multiaddr 0.2.0 with base58 2.1.1, on Python 3.11
# Input:     an address that ends in a PeerID, written in base58 and as a CID: the specification of peer ids allows both
# Behaviour: both print base58. The one that was written as a CID keeps the CID's two bytes more: the two compare as
#            different, count as two in a set, and what is parsed from its text is not equal to it.
# For us:    PeerIDs are compared, never the bytes of a multiaddr, nor multiaddrs by ==.
set -euo pipefail
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
python3 -m venv "$there/venv"
"$there/venv/bin/pip" install -q --disable-pip-version-check multiaddr==0.2.0 base58==2.1.1

cat >"$there/expected" <<'EXPECTED'
same text: True
same PeerID: True
bytes: 49 and 51
equal: False
as many in a set: 2
equal to what its own text gives: False
EXPECTED

cat >"$there/play.py" <<'PLAY'
from base64 import b32encode

from base58 import b58decode
from multiaddr import Multiaddr

PEER = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"
VERSION_1, LIBP2P_KEY = b"\x01", b"\x72"

cid = "b" + b32encode(VERSION_1 + LIBP2P_KEY + b58decode(PEER)).decode().lower().rstrip("=")
one, other = (Multiaddr(f"/ip4/192.0.2.7/tcp/4001/p2p/{peer}") for peer in (PEER, cid))
print("same text:", str(one) == str(other))
print("same PeerID:", one.value_for_protocol("p2p") == other.value_for_protocol("p2p"))
print("bytes:", len(one.to_bytes()), "and", len(other.to_bytes()))
print("equal:", one == other)
print("as many in a set:", len({one, other}))
print("equal to what its own text gives:", Multiaddr(str(other)) == other)
PLAY
"$there/venv/bin/python" "$there/play.py" >"$there/seen"
cat "$there/seen"
diff "$there/expected" "$there/seen"
