"""Token bucket: how often a domain or an account may send.

A bucket gains ``rate`` tokens per second up to ``capacity``; one send costs one
token. It owns no clock. Every call is told ``now``: seconds on a clock that does
not go backwards (``time.monotonic`` in the daemon, any float in a test), so a
test can live through a week in a microsecond.

Invariant: after every call ``0 <= tokens <= capacity``.

Source: RFC 2697, section 3, the committed bucket (CIR is our ``rate``, CBS our
``capacity``). Unlike there, a bucket does not start full by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf

# Tokens. Absorbs float rounding, so that waiting exactly as long as
# seconds_until() says is always long enough.
TOLERANCE = 1e-6

# pace() saves up at most this part of its limit for one burst.
BURST_PARTS = 20


class OverdrawnError(Exception):
    """take() was called for tokens that are not there: a bug in the caller."""


@dataclass(slots=True, kw_only=True)
class TokenBucket:
    """One refillable allowance.

    ``tokens`` has no default: after a restart the caller must say how much of the
    allowance is left, or a crash loop would hand out a full burst each time.

    Raises ValueError, here and in retune(), on numbers that break the invariant.
    """

    rate: float  # tokens per second; 0 stops refilling
    capacity: float  # tokens; the largest burst
    tokens: float  # tokens left at `updated`
    updated: float  # seconds, same clock as `now`

    def __post_init__(self) -> None:
        _check(self.rate, self.capacity, self.tokens)

    def available(self, *, now: float) -> float:
        """Tell how many tokens are there."""
        elapsed = now - self.updated
        if elapsed <= 0:  # a clock set back earns nothing
            return self.tokens
        tokens = self.tokens + elapsed * self.rate
        return min(self.capacity, tokens)

    def seconds_until(self, cost: float, *, now: float) -> float:
        """Wait, in seconds, before ``cost`` tokens are there; inf if never."""
        missing = cost - self.available(now=now)
        if missing <= TOLERANCE:
            return 0.0
        if self.rate == 0 or cost > self.capacity:
            return inf
        return missing / self.rate

    def take(self, cost: float, *, now: float) -> None:
        """Spend ``cost`` tokens, or raise OverdrawnError and change nothing."""
        left = self.available(now=now) - cost
        if left < -TOLERANCE:
            raise OverdrawnError(f"{-left:.6f} tokens short of {cost}")
        self._settle(left if left > 0 else 0.0, now)

    def retune(self, *, rate: float, capacity: float, now: float) -> None:
        """Change pace; time already passed is paid at the old rate."""
        tokens = min(self.available(now=now), capacity)
        _check(rate, capacity, tokens)
        self.rate, self.capacity = rate, capacity
        self._settle(tokens, now)

    def _settle(self, tokens: float, now: float) -> None:
        self.tokens = tokens
        if now > self.updated:
            self.updated = now


def pace(limit: float, period_s: float) -> tuple[float, float]:
    """Give (rate, capacity) that keep any ``period_s`` to ``limit`` whole tokens.

    A bucket can spend its capacity at once and then what it gains in the rest of
    the window, so both together must stay within the limit. A limit below one means
    one token in ``period_s / limit``. With a capacity of one only the whole part of
    the limit can be used: 1.5 a minute would at times be two in one minute.
    """
    if limit <= 0 or period_s <= 0:
        raise ValueError(f"impossible pace: {limit=} {period_s=}")
    capacity = max(1, floor(limit / BURST_PARTS))
    gain = limit - capacity
    if capacity == 1:
        gain = floor(limit) if limit >= 1 else limit
    # take() forgives TOLERANCE of each token: that much slower, and the law is exact.
    return gain * (1 - 2 * TOLERANCE) / period_s, capacity


def _check(rate: float, capacity: float, tokens: float) -> None:
    if rate < 0 or capacity <= 0 or not 0 <= tokens <= capacity:
        raise ValueError(f"impossible bucket: {rate=} {capacity=} {tokens=}")
