"""Compare this engine with plain SimPy on the common workload, and time the reference network.

    python -m benchmarks                      both peers in alternation, 20 replications each
    python -m benchmarks --own-environment    the SimPy peer in an environment of pinned versions

Every turn is a child process; the peers take turns, so that a slow minute of the machine hits both.
A peer that cannot run is printed as missing and fails nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
OURS, PLAIN = "this_engine", "plain_simpy"
AIM_RATIO, AIM_REFERENCE_SECONDS, AIM_MIB = 50.0, 0.060, 500.0


@dataclass
class Tally:
    """Everything one peer has shown so far."""

    seconds: list[float] = field(default_factory=list)
    outcomes: list[dict[str, int]] = field(default_factory=list)
    peak_mib: float = 0.0
    missing: str = ""

    def add(self, turn: dict[str, Any]) -> None:
        """Add one turn."""
        self.seconds += turn["seconds"]
        self.outcomes += turn["outcomes"]
        self.peak_mib = max(self.peak_mib, turn["peak_mib"])

    def figure(self, name: str) -> tuple[float, float]:
        """Return mean and standard error of an outcome over the replications where it happened."""
        values = [outcome[name] for outcome in self.outcomes if outcome[name] >= 0]
        if not values:
            return float("nan"), float("nan")
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        return statistics.mean(values), spread / len(values) ** 0.5


def take_turn(python: str, peer: str, first: int, count: int, tally: Tally) -> None:
    """Run one turn of a peer in a child process."""
    if tally.missing:
        return
    child = subprocess.run(
        [python, "-m", "benchmarks.child", peer, str(first), str(count)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        lines = child.stderr.strip().splitlines()
        tally.missing = lines[-1] if lines else f"exit code {child.returncode}"
    else:
        tally.add(json.loads(child.stdout.strip().splitlines()[-1]))


def own_python() -> str:
    """Make the environment of pinned versions, once, and return its interpreter."""
    folder = Path(__file__).with_name(".venv")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"making {folder} from {REQUIREMENTS.name}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(REQUIREMENTS)], check=True)
    return str(python)


def compare(replications: int, rounds: int, plain_python: str) -> dict[str, Tally]:
    """Let the peers take turns until each has run its replications."""
    tallies = {OURS: Tally(), PLAIN: Tally()}
    pythons = {OURS: sys.executable, PLAIN: plain_python}
    per_turn = -(-replications // rounds)
    for turn in range(rounds):
        order = [OURS, PLAIN] if turn % 2 == 0 else [PLAIN, OURS]
        for peer in order:
            take_turn(pythons[peer], peer, turn * per_turn, per_turn, tallies[peer])
    return tallies


def print_comparison(tallies: dict[str, Tally]) -> None:
    """Print one line per peer, the ratio, and whether both saw the same stock-outs."""
    print("common workload: 4 x 4 sites, 1,095 days; per replication, one core")
    print(f"{'peer':<14}{'runs':>5}{'median ms':>11}{'peak MiB':>10}{'stock-out days':>19}{'first day':>17}")
    for peer, tally in tallies.items():
        if tally.missing:
            print(f"{peer:<14} missing: {tally.missing}")
            continue
        days, first = tally.figure("stock_out_days"), tally.figure("first_day")
        print(
            f"{peer:<14}{len(tally.seconds):>5}{statistics.median(tally.seconds) * 1e3:>11.2f}"
            f"{tally.peak_mib:>10.0f}{days[0]:>12.2f} +- {days[1]:.2f}{first[0]:>10.2f} +- {first[1]:.2f}"
        )
    ours, plain = tallies[OURS], tallies[PLAIN]
    if ours.missing or plain.missing:
        print("no ratio: a peer is missing")
        return
    ratio = statistics.median(plain.seconds) / statistics.median(ours.seconds)
    print(f"plain SimPy takes {ratio:.1f} times as long (aim: {AIM_RATIO:.0f})")
    for name, words in (("stock_out_days", "stock-out days"), ("first_day", "first stock-out day")):
        (one, one_error), (other, other_error) = ours.figure(name), plain.figure(name)
        error = (one_error**2 + other_error**2) ** 0.5
        verdict = "equal within noise" if abs(one - other) <= 3.0 * error else "NOT EQUAL"
        print(f"{words}: difference {one - other:+.2f}, standard error {error:.2f}: {verdict}")


def print_reference(replications: int) -> None:
    """Print time and memory of the reference network.

    In `baseline` every blend stays as it is, and what does not change costs nothing; `india_halt` shifts
    flows all over the world, so that most stocks change their origin every day.
    """
    print("reference network: 1,095 days, origin followed")
    for scenario in ("baseline", "india_halt"):
        tally = Tally()
        take_turn(sys.executable, f"reference:{scenario}", 0, replications, tally)
        if tally.missing:
            print(f"{scenario:<14} missing: {tally.missing}")
            continue
        median = statistics.median(tally.seconds) * 1e3
        print(
            f"{scenario:<14}{len(tally.seconds):>3} runs, median {median:.1f} ms "
            f"per replication (aim: {AIM_REFERENCE_SECONDS * 1e3:.0f}), "
            f"peak {tally.peak_mib:.0f} MiB (aim: {AIM_MIB:.0f})"
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison and the reference network."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=20, help="per peer (default 20)")
    parser.add_argument("--rounds", type=int, default=4, help="turns of each peer (default 4)")
    parser.add_argument("--own-environment", action="store_true", help="SimPy peer with pinned versions")
    chosen = parser.parse_args(arguments)
    plain_python = own_python() if chosen.own_environment else sys.executable
    print_comparison(compare(chosen.replications, chosen.rounds, plain_python))
    print()
    print_reference(chosen.replications)
    return 0


if __name__ == "__main__":
    sys.exit(main())
