# SPDX-License-Identifier: AGPL-3.0-or-later
"""Prints the index of the commands that are made from the declarations: python -m cli.made >cli/made/index.json."""

import sys

from cli.made.command import all_commands, index_of

sys.stdout.write(index_of(all_commands()))
