#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# Two readers of OFX take one time of a statement for two times, where the zone is half an hour off.
#
# Versions:  ofxparse 0.21 and ofxtools 1.1.1, on Python 3.11
# Input:     an OFX 1.0.2 statement in no currency (XXX) with one transaction at half past ten at night
# Behaviour: `[-3:BRT]` is the same in both, but both hand out the next day. `[-3.50:XXT]` is 2:00 for ofxparse, which
#            reads hundredths of an hour, and 2:20 for ofxtools, which reads minutes. `[+5.30:IST]` is 17:12 and 17:00.
# For us:    a statement gives the day in the network's own zone, as a date and nothing more: that is the same in both.
set -euo pipefail
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
python3 -m venv "$there/venv"
"$there/venv/bin/pip" install -q --disable-pip-version-check ofxparse==0.21 ofxtools==1.1.1

cat >"$there/expected" <<'EXPECTED'
20261123: 2026-11-23 00:00 by ofxparse, 2026-11-23 00:00 by ofxtools
20261123223000[-3:BRT]: 2026-11-24 01:30 by ofxparse, 2026-11-24 01:30 by ofxtools
20261123223000[-3.50:XXT]: 2026-11-24 02:00 by ofxparse, 2026-11-24 02:20 by ofxtools
20261123223000[+5.30:IST]: 2026-11-23 17:12 by ofxparse, 2026-11-23 17:00 by ofxtools
EXPECTED

cat >"$there/play.py" <<'PLAY'
from io import BytesIO

from ofxparse import OfxParser
from ofxtools.Parser import OFXTree

HEAD = {
    "OFXHEADER": "100",
    "DATA": "OFXSGML",
    "VERSION": "102",
    "SECURITY": "NONE",
    "ENCODING": "UNICODE",
    "CHARSET": "NONE",
    "COMPRESSION": "NONE",
    "OLDFILEUID": "NONE",
    "NEWFILEUID": "NONE",
}
WELL = "<STATUS><CODE>0<SEVERITY>INFO</STATUS>"


def statement(posted: str) -> bytes:
    head = "".join(f"{name}:{value}\n" for name, value in HEAD.items())
    line = f"<STMTTRN><TRNTYPE>XFER<DTPOSTED>{posted}<TRNAMT>-6.25<FITID>1<NAME>bia@riacho</STMTTRN>"
    body = (
        f"<SIGNONMSGSRSV1><SONRS>{WELL}<DTSERVER>20261201<LANGUAGE>POR</SONRS></SIGNONMSGSRSV1>"
        f"<BANKMSGSRSV1><STMTTRNRS><TRNUID>0{WELL}<STMTRS><CURDEF>XXX"
        "<BANKACCTFROM><BANKID>riacho<ACCTID>ana.HORA<ACCTTYPE>CHECKING</BANKACCTFROM>"
        f"<BANKTRANLIST><DTSTART>20261101<DTEND>20261130{line}</BANKTRANLIST>"
        "<LEDGERBAL><BALAMT>-6.25<DTASOF>20261130</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1>"
    )
    return f"{head}\n<OFX>{body}</OFX>\n".encode()


for posted in ("20261123", "20261123223000[-3:BRT]", "20261123223000[-3.50:XXT]", "20261123223000[+5.30:IST]"):
    text = statement(posted)
    one = OfxParser.parse(BytesIO(text)).account.statement.transactions[0].date
    tree = OFXTree()
    tree.parse(BytesIO(text))
    other = tree.convert().statements[0].transactions[0].dtposted
    print(f"{posted}: {one:%Y-%m-%d %H:%M} by ofxparse, {other:%Y-%m-%d %H:%M} by ofxtools")
PLAY
"$there/venv/bin/python" "$there/play.py" >"$there/seen"
cat "$there/seen"
diff "$there/expected" "$there/seen"
