"""How cost and memory grow with a network's size: ``python -m benchmarks.scale``.

Networks are invented by `sim new network`, one child process per size. A run's cost is processor time per
site and day between two horizons, so that what a run costs once cancels out; the least of several counts.
Memory is the peak of the process beyond what it holds before it reads the tables.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SIZES = (60, 1000, 10000)
SHORT_DAYS, LONG_DAYS = 100, 400
RUNS = 10
AIM_LARGE, AIM_SMALL = 1.5, 4.0
"""Cost per site and day at the largest size, over that at 1,000 and at 60 sites."""


def peak_mib() -> float:
    """Return the peak memory of this process [MiB]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024.0 if sys.platform != "darwin" else peak / 1024.0**2


def measure(folder: Path, sites: int, seed: int) -> dict[str, Any]:
    """Write, load, solve, compile and run one network; return processor seconds, and memory in MiB."""
    from sim.case import Case
    from sim.data import load_network
    from sim.data.invented import write_network
    from sim.engine import simulate
    from sim.engine.simulate import _compile_anew
    from sim.steady import solve
    from sim.testing import serial_chain, small_case

    simulate(small_case(serial_chain([5.0], [3]), 5))  # kernels and libraries are there from now on
    solve(serial_chain([5.0], [3]))
    found: dict[str, Any] = {"sites": sites, "before_mib": peak_mib()}

    def timed(name: str, act: Any) -> Any:
        before = time.process_time()
        result = act()
        found[name] = time.process_time() - before
        return result

    timed("write_s", lambda: write_network(folder, sites, seed))
    network = timed("load_s", lambda: load_network(folder))
    found["lanes"] = len(network.lanes)
    timed("solve_s", lambda: solve(network))
    timed("compile_s", lambda: _compile_anew(network))
    found["compile_s"] -= found["solve_s"]  # compiling begins with solving
    found["tables_mib"] = peak_mib() - found["before_mib"]
    simulate(Case("scale", network, horizon_days=2), in_detail=False, day_by_day=True)
    seconds = {}
    for days in (SHORT_DAYS, LONG_DAYS):
        case, times = Case("scale", network, horizon_days=days), []
        for _ in range(RUNS):
            before = time.process_time()
            simulate(case, in_detail=False, day_by_day=True)  # days that repeat would be copied
            times.append(time.process_time() - before)
        seconds[days] = min(times)
    found["run_s"] = seconds[LONG_DAYS]
    more = seconds[LONG_DAYS] - seconds[SHORT_DAYS]
    found["us_per_site_day"] = more / (LONG_DAYS - SHORT_DAYS) / sites * 1e6
    found["peak_mib"] = peak_mib()
    return found


def report(rows: list[dict[str, Any]]) -> None:
    """Print a line per size, and how cost and memory grow."""
    print(f"invented networks, {LONG_DAYS} days, each simulated, outcome only; processor time, one core")
    print(f"{'sites':>7}{'lanes':>8}{'load s':>9}{'day zero s':>12}{'compile s':>11}{'run s':>8}"
          f"{'us/site-day':>13}{'peak MiB':>10}{'KiB/site':>10}")  # fmt: skip
    for row in rows:
        row["kib_per_site"] = (row["peak_mib"] - row["before_mib"]) * 1024.0 / row["sites"]
        print(f"{row['sites']:>7}{row['lanes']:>8}{row['load_s']:>9.2f}{row['solve_s']:>12.2f}"
              f"{row['compile_s']:>11.2f}{row['run_s']:>8.3f}{row['us_per_site_day']:>13.3f}"
              f"{row['peak_mib']:>10.0f}{row['kib_per_site']:>10.1f}")  # fmt: skip
    last = rows[-1]
    for row in rows[:-1]:
        ratio = last["us_per_site_day"] / row["us_per_site_day"]
        aim = AIM_SMALL if row["sites"] < 1000 else AIM_LARGE
        print(f"cost per site and day: {last['sites']} sites {ratio:.2f} times {row['sites']} (aim: {aim})")
    if len(rows) > 1:
        one, other = rows[-2], rows[-1]
        step = (other["peak_mib"] - one["peak_mib"]) * 1024.0 / (other["sites"] - one["sites"])
        print(f"memory: {step:.0f} KiB for each further site at {LONG_DAYS} days")


def main(arguments: list[str] | None = None) -> int:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.splitlines()[0])
    parser.add_argument("--sites", default=",".join(map(str, SIZES)), help="sizes, with commas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    sizes = sorted({int(word) for word in chosen.sites.split(",")})
    rows = []
    for sites in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            if chosen.child:
                print(json.dumps(measure(Path(temporary), sites, chosen.seed)))
                return 0
            command = [sys.executable, "-m", "benchmarks.scale", "--child", "--sites", str(sites)]
            command += ["--seed", str(chosen.seed)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{sites} sites failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
            return 1
        rows.append(json.loads(done.stdout.strip().splitlines()[-1]))
    report(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
