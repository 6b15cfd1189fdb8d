# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m cli` is the `mutirao` command."""

import sys

from cli.main import main

sys.exit(main())
