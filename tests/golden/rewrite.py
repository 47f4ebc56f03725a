"""Write the golden tables of all scenarios, or of those named: ``python -m tests.golden.rewrite [NAME ...]``.

Tables without a scenario are removed. A scenario whose conditions do not hold is written too, and named;
one that does not run keeps its table.
"""

from __future__ import annotations

import sys
import time

from sim.errors import SimError
from tests.golden.results import HERE, names, result_of, write


def main(wanted: list[str]) -> int:
    """Write the tables; return 1 if a condition failed, 2 if a name is unknown."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"no such scenario: {', '.join(unknown)}; known: {', '.join(names())}", file=sys.stderr)
        return 2
    status = 0
    for name in wanted or names():
        started = time.perf_counter()
        try:
            count = write(name)
        except SimError as error:
            print(f"{name}: not rewritten, it does not run: {error}", file=sys.stderr)
            status = 1
            continue
        print(f"{name}: {count} figures, {time.perf_counter() - started:.1f} s")
        for condition, verdict, detail in result_of(name).verdicts:
            if verdict == "failed":
                print(f"  FAILED: {condition} ({detail})", file=sys.stderr)
                status = 1
    for path in HERE.glob("*.csv"):
        if path.stem not in names():
            path.unlink()
            print(f"{path.stem}: removed, it has no scenario")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
