# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every test shares: properties are searched without a stopwatch, since machines differ in speed."""

from hypothesis import settings

settings.register_profile("mutirao", deadline=None, print_blob=True)
settings.load_profile("mutirao")
