"""``./run bench [pace|claim|size|import|imap|health|week ...]``: measured in one run.

``--contacts N`` is the size of the week. Ends with 1 where a bench found a fault.
"""

from __future__ import annotations

import argparse
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
    "look": "look",
    "week": "week",
}
# A simulation of minutes: not part of "all".
ONLY_BY_NAME = {"health", "look", "week"}


def main(arguments: list[str]) -> int:
    """Run those named, or all."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--contacts", type=int, help="how many people the week has")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - BENCHES.keys()
    if unknown:
        print(f"bench: {', '.join(sorted(unknown))}? There are {', '.join(BENCHES)}.")
        return 2
    found = 0
    for name in asked.names or [name for name in BENCHES if name not in ONLY_BY_NAME]:
        bench = importlib.import_module(f"tests.bench.{BENCHES[name]}")
        sized = (
            {"contacts": asked.contacts} if name == "week" and asked.contacts else {}
        )
        found |= uvloop.run(bench.main(**sized)) or 0
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
