"""``./run bench [pace|claim|size|import|imap|health ...]``: measured in one run."""

from __future__ import annotations

import importlib
import sys

import uvloop

# By the name on the command line: the module.
BENCHES = {
    "pace": "pace",
    "claim": "claim",
    "size": "size",
    "import": "imports",
    "suppressed": "suppressed",
    "imap": "imap",
    "report": "report",
    "fuzz": "fuzz",
    "health": "health",
}
# A simulation of minutes: not part of "all".
ONLY_BY_NAME = {"health"}


def main(names: list[str]) -> int:
    """Run those named, or all."""
    unknown = set(names) - BENCHES.keys()
    if unknown:
        print(f"bench: {', '.join(sorted(unknown))}? There are {', '.join(BENCHES)}.")
        return 2
    for name in names or [name for name in BENCHES if name not in ONLY_BY_NAME]:
        uvloop.run(importlib.import_module(f"tests.bench.{BENCHES[name]}").main())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
