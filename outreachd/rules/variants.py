"""Which wording of a step a contact gets: drawn once, from the enrolment and the step.

The draw is a hash, not a die: the same enrolment and step fall on the same point of
0..1 wherever and whenever asked, and the weights part that line in the order of the
file. A first intent records the name drawn; from then on the name decides, whatever
the weights are by then. No clock, no dice.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from outreachd.rules.model import Variant

_POINTS = 1 << 64


def chosen(
    variants: Sequence[Variant], kept: str | None, enrolment_id: int, step_number: int
) -> Variant | None:
    """Tell the wording of one send; None where the step has no variants.

    ``kept``: the name that an earlier attempt recorded. If it is no longer there, the
    contact is drawn anew; a letter that may have arrived is then found changed.
    """
    if not variants:
        return None
    for variant in variants:
        if variant.name == kept:
            return variant
    return variants[draw([v.weight for v in variants], enrolment_id, step_number)]


def draw(weights: Sequence[float], enrolment_id: int, step_number: int) -> int:
    """Tell the place of the weight that this contact falls on at this step."""
    digest = blake2b(b"%d:%d" % (enrolment_id, step_number), digest_size=8).digest()
    left = int.from_bytes(digest) / _POINTS * sum(weights)
    for place, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return place
    return len(weights) - 1  # by rounding
