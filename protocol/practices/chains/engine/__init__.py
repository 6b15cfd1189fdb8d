# SPDX-License-Identifier: AGPL-3.0-or-later
"""The chain engine: figures of a productive chain, as pure functions of what enterprises buy and sell."""
