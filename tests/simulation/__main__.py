# SPDX-License-Identifier: AGPL-3.0-or-later
"""Play stories: `PYTHONPATH=tests python -m simulation SEED STEPS`."""

import sys
from collections import Counter
import time
from simulation.story import draw_setting, draw_steps, play, shrink


def main() -> int:
    seed, steps = int(sys.argv[1]), int(sys.argv[2])
    last = int(sys.argv[3]) if len(sys.argv) > 3 else seed
    total = Counter()
    for one in range(seed, last + 1):
        t=time.time()
        setting = draw_setting(one)
        story = draw_steps(one, setting, steps)
        ended = play(one, setting, story)
        total.update(ended.outcomes)
        print(one, round(time.time()-t,2), ended.checked, ended.at, ended.digest[:8], repr(ended.broken)[:300], flush=True)
    print(total)
    return 0


sys.exit(main())
