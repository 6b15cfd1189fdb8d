# SPDX-License-Identifier: AGPL-3.0-or-later
"""The mutirao command: a client of the node's HTTP API, and what a steward does at the machine itself."""
