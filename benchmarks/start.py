"""How long it takes until anything happens: ``python -m benchmarks.start``.

A process each, after one that is not counted, so that the files are in memory: until Python has started with
nothing to do, until the package is imported, and until the command has printed its help.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = 15
AIM_MS = 150.0
"""How long `sim --help` may take [ms]."""
STARTS = {
    "python -c pass": ["-c", "pass"],
    "import sim": ["-c", "import sim"],
    "sim --help": ["-m", "sim", "--help"],
}


def start_ms(words: list[str]) -> float:
    """Return how long a process takes from its start to its end [ms]."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return 1e3 * (time.perf_counter() - began)


def main() -> None:
    """Time every start and print the median and the least."""
    times: dict[str, list[float]] = {name: [] for name in STARTS}
    for turn in range(RUNS + 1):
        for name, words in STARTS.items():
            taken = start_ms(words)
            if turn:
                times[name].append(taken)
    for name, taken_ms in times.items():
        aim = f" (aim: {AIM_MS:.0f})" if name == "sim --help" else ""
        print(f"{name:16} median {statistics.median(taken_ms):6.0f} ms, least {min(taken_ms):.0f} ms{aim}")


if __name__ == "__main__":
    main()
