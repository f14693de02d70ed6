"""When a campaign has to stop by itself: what the newest of its messages say about all that would follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 200  # messages looked at: the newest whose fate is known
FAILED_SHARE = 0.05
FEWEST_FAILURES = 4  # below it chance decides: 3 of the first 20 say nothing yet

# The template or the account is refused, so every further message would be: one is enough.
AT_ONCE = frozenset({131037, 131048, 131063, 131064, 132000, 132001, 132007, 132015, 132016, 132068, 132069})
# One person's values may be to blame; the third says that it is the campaign.
AT_THREE = frozenset({132005, 132008, 132012})
# Meta withholds more and more, or one person is written to too fast: of the window, so many are a burst.
BURSTS = {131049: 10, 131056: 10}


@dataclass(frozen=True, slots=True)
class Fate:
    """What is known of one message: its status, and Meta's code if it was refused, also when it is tried again."""

    status: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Trip:
    """Why a campaign stops: Meta's code, or None for the share of failures alone; how many `of` the newest."""

    code: int | None
    count: int
    of: int


def judge(newest: Sequence[Fate]) -> Trip | None:
    """None while the campaign may go on."""
    codes = Counter(fate.code for fate in newest if fate.code is not None)
    total = len(newest)
    for code in sorted(codes):
        most = 1 if code in AT_ONCE else 3 if code in AT_THREE else BURSTS.get(code)
        if most is not None and codes[code] >= most:
            return Trip(code, codes[code], total)
    failed = sum(fate.status == "failed" for fate in newest)
    if failed >= FEWEST_FAILURES and failed > FAILED_SHARE * total:
        return Trip(None, failed, total)
    return None
