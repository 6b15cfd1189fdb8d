# SPDX-License-Identifier: AGPL-3.0-or-later
"""The HTTP door: whatever the features declare, as resources, problems and events for any client."""
