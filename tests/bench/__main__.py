"""``./run bench [pace|claim|size|import|suppressed|fuzz ...]``: measured in one run."""

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
    "fuzz": "fuzz",
}


def main(names: list[str]) -> int:
    """Run those named, or all."""
    unknown = set(names) - BENCHES.keys()
    if unknown:
        print(f"bench: {', '.join(sorted(unknown))}? There are {', '.join(BENCHES)}.")
        return 2
    for name in names or BENCHES:
        uvloop.run(importlib.import_module(f"tests.bench.{BENCHES[name]}").main())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
