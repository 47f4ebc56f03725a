"""What many replications cost: ``python -m benchmarks.ensembles [--replications 1000] [--jobs 2]``.

First paired replications of `japan_import_cut` over two years from the command line: time, memory of the
largest process and of all together, size of the run folder. Then replications per second of the common
workload: this engine, plain SimPy under multiprocessing, and two floors: this engine's own kernels without
calendar and set-up, and a bare loop of the workload and nothing else.
Every figure of the second part is CPU time of all processes, so a busy machine does not show in the ratios.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks import compiled_loop, plain_simpy, this_engine

ROOT = Path(__file__).resolve().parents[1]
AIM_SECONDS, AIM_MIB, AIM_FOLDER_MB, AIM_FLOOR = 60.0, 1536.0, 150.0, 3.0


def resident_mib(process: int) -> float:
    """Return the resident memory of a process and its children [MiB]; 0 where the system does not tell."""
    found = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        except (OSError, ValueError):
            continue
        if process in (int(folder.name), int(status["PPid"])):
            found += float(status.get("VmRSS", "0 kB").split()[0]) / 1024.0
    return found


def paired(replications: int, jobs: int) -> dict[str, float]:
    """Run the command in a child process and return what it took."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["run", "japan_import_cut", "--replications", str(replications), "--jobs", str(jobs)]
        command = [sys.executable, "-m", "sim", *words, "--out", f"{folder}/run", "--quiet"]
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        child = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
        )
        peak = [0.0]
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.5):
                peak[0] = max(peak[0], resident_mib(child.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = child.wait()
        done.set()
        watcher.join()
        seconds = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        return {
            "exit_code": code,
            "seconds": seconds,
            "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "largest_mib": after.ru_maxrss / 1024.0,
            "together_mib": peak[0],
            "folder_mb": size / 1e6,
        }


def simpy_once(number: int) -> int:
    """Run one replication in plain SimPy."""
    return plain_simpy.replicate(number).stock_out_days


def loop_once(number: int) -> int:
    """Run one replication of the compiled loop."""
    return compiled_loop.replicate(number).stock_out_days


def engine_once(number: int) -> int:
    """Run one replication of this engine, with nothing read from it but the stock-outs."""
    return this_engine.replicate(_CASE, number).stock_out_days


_CASE = this_engine.workload_case()


def cpu_of(task: Any, count: int, jobs: int) -> tuple[float, float]:
    """Return CPU seconds per replication in a pool, after one that is not counted, and mean stock-outs."""
    with multiprocessing.get_context("fork").Pool(jobs, initializer=task, initargs=(0,)) as pool:
        found = pool.map(_timed, [(task, number) for number in range(count)], chunksize=1)
    return statistics.median(seconds for seconds, _ in found), statistics.mean(days for _, days in found)


def _timed(item: tuple[Any, int]) -> tuple[float, int]:
    task, number = item
    began = time.process_time()
    days = task(number)
    return time.process_time() - began, days


def kernel_cpu(count: int) -> float:
    """Return CPU seconds per replication that pass within the compiled kernels of this engine."""
    import sim.engine.calendar as calendar

    advance: Any = calendar.advance
    spent = 0.0

    def timed(*fields: Any) -> Any:
        nonlocal spent
        began = time.process_time()
        reason = advance(*fields)
        spent += time.process_time() - began
        return reason

    engine_once(0)
    calendar.advance = timed
    try:
        for number in range(count):
            engine_once(number)
    finally:
        calendar.advance = advance
    return spent / count


def ensemble_cpu(count: int) -> float:
    """Return CPU seconds per pair of the whole ensemble path: measures, series, chunk files, tables."""
    from dataclasses import replace

    import sim

    began = time.process_time()
    sim.run(replace(_CASE, replications=2))
    middle = time.process_time()
    sim.run(replace(_CASE, replications=2 + count))
    return (time.process_time() - middle - (middle - began)) / count


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--common", type=int, default=40, help="replications of the common workload")
    asked = parser.parse_args()
    found = paired(asked.replications, asked.jobs)
    print(f"{asked.replications} pairs of japan_import_cut, two years, {asked.jobs} jobs:")
    print(f"  {found['seconds']:.1f} s (aim: at most {AIM_SECONDS:.0f}), {found['cpu_seconds']:.1f} s of CPU")
    print(f"  load of the machine {os.getloadavg()[0]:.1f}; exit code {found['exit_code']:.0f}")
    print(f"  memory: largest process {found['largest_mib']:.0f} MiB, all together "
          f"{found['together_mib']:.0f} MiB (aim: at most {AIM_MIB:.0f})")  # fmt: skip
    print(f"  run folder {found['folder_mb']:.1f} MB (aim: at most {AIM_FOLDER_MB:.0f})")
    million = found["cpu_seconds"] / asked.replications * 1e6 / 3600.0
    print(f"  a million such pairs: {million:.0f} core hours")
    print(f"common workload, {asked.common} replications, {asked.jobs} processes:")
    rows = [("plain SimPy", simpy_once), ("this engine", engine_once), ("compiled loop", loop_once)]
    seconds = {}
    for name, task in rows:
        seconds[name], days = cpu_of(task, asked.common, asked.jobs)
        each = f"{1e3 * seconds[name]:9.2f} ms of CPU each, {1.0 / seconds[name]:8.0f} a CPU second"
        print(f"  {name:14} {each}, {days:.0f} days of stock-out")
    kernels = kernel_cpu(asked.common)
    print(f"  {'our kernels':14} {1e3 * kernels:9.2f} ms of CPU each: the same, no calendar")
    pair = ensemble_cpu(asked.common)
    print(f"  {'ensemble':14} {1e3 * pair:9.2f} ms of CPU a pair with measures, series and files")
    print(f"this engine: {seconds['plain SimPy'] / seconds['this engine']:.0f} times plain SimPy, "
          f"{seconds['this engine'] / kernels:.1f} times its own kernels (aim: at most {AIM_FLOOR:.0f}), "
          f"{seconds['this engine'] / seconds['compiled loop']:.0f} times the bare loop")


if __name__ == "__main__":
    main()
