"""Who writes on when a mailbox has left the fleet: the least loaded of its domain.

Follow-ups come from the sender of the first touch; where that one is gone, a campaign
may let another mailbox of the same domain and of its own pool go on in the thread. Who
has least waiting takes the next one, row by row, so that no stand-in gets the whole
load. A letter that may have arrived already is nobody's to write again. Pure.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence


def share_out(
    sends: Iterable[tuple[int, tuple[int, int]]],
    candidates: Mapping[tuple[int, int], Sequence[int]],
    loads: Mapping[int, int],
) -> dict[int, int]:
    """Tell the stand-in of each send that has one: send id -> mailbox id.

    ``sends``: ids with campaign and domain; ``candidates``: the mailboxes that a
    campaign may use of a domain; ``loads``: what waits for each of them by now.
    """
    load = dict(loads)
    heaps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    found: dict[int, int] = {}
    for send_id, of in sends:
        heap = heaps.get(of)
        if heap is None:
            heap = [(load.get(id, 0), id) for id in candidates.get(of, ())]
            heapq.heapify(heap)
            heaps[of] = heap
        # Another campaign's sends may have gone to the same mailbox meanwhile.
        while heap and heap[0][0] != load.get(heap[0][1], 0):
            heapq.heapreplace(heap, (load[heap[0][1]], heap[0][1]))
        if heap:
            mailbox_id = heap[0][1]
            found[send_id] = mailbox_id
            load[mailbox_id] = load.get(mailbox_id, 0) + 1
            heapq.heapreplace(heap, (load[mailbox_id], mailbox_id))
    return found
