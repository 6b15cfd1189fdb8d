# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every node must compute alike: formats, the economy, payments, clearing and sync, without any I/O."""
