# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages that are drawn by hand, because a picture of them says more: each asks the runtime as routes do."""
