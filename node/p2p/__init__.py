# SPDX-License-Identifier: AGPL-3.0-or-later
"""The network: libp2p on trio, in a thread of its own."""
