# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes the OpenAPI document: `python -m node.http >docs/openapi.json`."""

import json
import sys

from node.http.app import document_of
from protocol.practices import OPERATIONS

sys.stdout.write(json.dumps(document_of(OPERATIONS), indent=1, ensure_ascii=False) + "\n")
