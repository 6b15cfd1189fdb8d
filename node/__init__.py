# SPDX-License-Identifier: AGPL-3.0-or-later
"""The shell around the protocol: one queue in, one loop, effects out to storage, network and HTTP."""
