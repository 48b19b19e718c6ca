"""How far a rate can be believed: Wilson's interval of a part of a whole.

With few letters the interval is wide and says so; it never leaves 0..1 and is not
fooled by a zero. Counts may be parts of letters, where others' experience is mixed in.
``z`` = standard deviations: 1.96 for 95 % both ways. Source: E. B. Wilson, "Probable
inference, the law of succession, and statistical inference", JASA 22 (1927).
"""

from __future__ import annotations

from math import sqrt

BOTH_WAYS_95 = 1.959964


def wilson(hits: float, of: float, z: float = BOTH_WAYS_95) -> tuple[float, float]:
    """Tell the least and the largest rate that fit; (0, 1) of nothing.

    Raises ValueError where there are more hits than tries, or fewer than none.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no part of a whole")
    if of == 0:
        return 0.0, 1.0
    rate, z2 = hits / of, z * z
    middle = (rate + z2 / (2 * of)) / (1 + z2 / of)
    half = z / (1 + z2 / of) * sqrt(rate * (1 - rate) / of + z2 / (4 * of * of))
    # By rounding an end may miss the rate that it must hold.
    return max(min(middle - half, rate), 0.0), min(max(middle + half, rate), 1.0)
