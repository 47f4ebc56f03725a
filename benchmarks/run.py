"""Compare this engine with its peers on the common workload, and time the reference network.

    python -m benchmarks                      all peers in alternation, 20 replications of the quick ones
    python -m benchmarks --own-environment    the other peers in environments of pinned versions

Every turn is a child process; the peers take turns, so that a slow minute of the machine hits all.
Times are processor time. A peer that cannot run is printed as missing and fails nothing.

SupplyNetPy ships whole orders only, which makes stock-outs after the ban longer (about 227 days of them, not
150): both are printed, none is called wrong.
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
OURS, PLAIN, SUPPLYNETPY, STOCKPYL = "this_engine", "plain_simpy", "supplynetpy", "stockpyl"
PEERS = {
    OURS: "this engine, part shipments", PLAIN: "plain SimPy, part shipments",
    SUPPLYNETPY: "SupplyNetPy, whole orders only", STOCKPYL: "stockpyl, part shipments",
}  # fmt: skip
MOST_PER_TURN = {SUPPLYNETPY: 2, STOCKPYL: 1}
"""Peers that take seconds run fewer replications a turn."""
REQUIREMENTS = {PLAIN: "requirements", SUPPLYNETPY: "requirements_peers", STOCKPYL: "requirements_peers"}
"""The file of pinned versions of a peer's own environment."""
AIMS = {PLAIN: 50.0, SUPPLYNETPY: 300.0}
"""How many times as long a peer should take."""
AIMS_MS = {"baseline": 60.0, "india_halt": 60.0, "licensed": 80.0}
"""What a replication of the reference network should take at most [ms]."""
AIM_MIB = 500.0


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


def own_python(name: str) -> str:
    """Make an environment of pinned versions, once, and return its interpreter.

    Raises
    ------
    subprocess.CalledProcessError
        If the packages cannot be installed.
    """
    folder = Path(__file__).parent / ".venv" / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "installed"
    if not done.exists():
        requirements = Path(__file__).with_name(f"{name}.txt")
        print(f"making {folder} from {requirements.name}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "-q", "-r", str(requirements)]
        subprocess.run(install, check=True, stdout=sys.stderr)
        done.touch()
    return str(python)


def interpreters(*, own: bool) -> tuple[dict[str, str], dict[str, Tally]]:
    """Return the interpreter of each peer, and a tally that says what cannot be had."""
    pythons, tallies = dict.fromkeys(PEERS, sys.executable), {peer: Tally() for peer in PEERS}
    for peer, name in REQUIREMENTS.items():
        if own:
            try:
                pythons[peer] = own_python(name)
            except (subprocess.CalledProcessError, OSError) as error:
                tallies[peer].missing = f"no environment: {error}"
    return pythons, tallies


def compare(replications: int, rounds: int, *, own: bool) -> dict[str, Tally]:
    """Let the peers take turns until each has run its replications."""
    pythons, tallies = interpreters(own=own)
    per_turn = -(-replications // rounds)
    for turn in range(rounds):
        order = list(PEERS) if turn % 2 == 0 else list(reversed(PEERS))
        for peer in order:
            count = min(per_turn, MOST_PER_TURN.get(peer, per_turn))
            take_turn(pythons[peer], peer, turn * per_turn, count, tallies[peer])
    return tallies


def print_comparison(tallies: dict[str, Tally]) -> None:
    """Print one line per peer, the ratios, and whether who ships parts of orders saw the same stock-outs."""
    print("common workload: 4 x 4 sites, 1,095 days; processor time per replication, one core")
    print(f"{'peer':<32}{'runs':>5}{'median ms':>11}{'peak MiB':>10}{'stock-out days':>19}{'first day':>17}")
    for peer, tally in tallies.items():
        if tally.missing:
            print(f"{PEERS[peer]:<32} missing: {tally.missing}")
            continue
        days, first = tally.figure("stock_out_days"), tally.figure("first_day")
        print(
            f"{PEERS[peer]:<32}{len(tally.seconds):>5}{statistics.median(tally.seconds) * 1e3:>11.2f}"
            f"{tally.peak_mib:>10.0f}{days[0]:>12.2f} +- {days[1]:.2f}{first[0]:>10.2f} +- {first[1]:.2f}"
        )
    ours = tallies[OURS]
    if ours.missing:
        print("no ratios: this engine is missing")
        return
    for peer in (PLAIN, SUPPLYNETPY, STOCKPYL):
        if not tallies[peer].missing:
            ratio = statistics.median(tallies[peer].seconds) / statistics.median(ours.seconds)
            aim = f" (aim: {AIMS[peer]:.0f})" if peer in AIMS else ""
            print(f"{PEERS[peer].split(',')[0]} takes {ratio:.1f} times as long{aim}")
    if not tallies[PLAIN].missing:
        _print_agreement(ours, tallies[PLAIN])


def _print_agreement(ours: Tally, plain: Tally) -> None:
    """Print whether this engine and plain SimPy, which follow the same rules, saw the same."""
    for name, words in (("stock_out_days", "stock-out days"), ("first_day", "first stock-out day")):
        (one, one_error), (other, other_error) = ours.figure(name), plain.figure(name)
        error = (one_error**2 + other_error**2) ** 0.5
        verdict = "equal within noise" if abs(one - other) <= 3.0 * error else "NOT EQUAL"
        print(f"{words}, less plain SimPy's: {one - other:+.2f}, standard error {error:.2f}: {verdict}")


def print_reference(replications: int) -> None:
    """Print time and memory of the reference network.

    In `baseline` every blend stays as it is, and what does not change costs nothing; `india_halt` shifts
    flows all over the world, so that most stocks change their origin every day; in `licensed` they do, orders
    wait for three offices that meet every week, and two rules judge stocks by their origin.
    """
    print("reference network: 1,095 days, origin followed")
    for scenario, aim in AIMS_MS.items():
        tally = Tally()
        take_turn(sys.executable, f"reference:{scenario}", 0, replications, tally)
        if tally.missing:
            print(f"{scenario:<14} missing: {tally.missing}")
            continue
        median = statistics.median(tally.seconds) * 1e3
        print(
            f"{scenario:<14}{len(tally.seconds):>3} runs, median {median:.1f} ms "
            f"per replication (aim: {aim:.0f}), "
            f"peak {tally.peak_mib:.0f} MiB (aim: {AIM_MIB:.0f})"
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison and the reference network."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=20, help="per quick peer (default 20)")
    parser.add_argument("--rounds", type=int, default=4, help="turns of each peer (default 4)")
    parser.add_argument("--own-environment", action="store_true", help="peers with pinned versions")
    chosen = parser.parse_args(arguments)
    print_comparison(compare(chosen.replications, chosen.rounds, own=chosen.own_environment))
    print()
    print_reference(chosen.replications)
    return 0


if __name__ == "__main__":
    sys.exit(main())
