# SPDX-License-Identifier: AGPL-3.0-or-later
"""How entries reach the nodes that lack them, as state machines without I/O."""
