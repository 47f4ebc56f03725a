"""What the compiler must not change: results, and the notice it takes of an edited helper."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.engine.simulate import _compiled, differs_in_covers_alone, simulate
from sim.interventions import ExportBan
from sim.testing import serial_chain

PACKAGE = Path(sim.__file__).parent
RUN = """
import json
from sim.engine import simulate
from sim.interventions import ExportBan, TransitRefusal
from sim.testing import day, serial_chain, small_case, two_suppliers
ban = ExportBan(id="ban", start=day(60), end=day(160), from_places=("first",))
strait = ("source_works_part_strait",)
refusal = TransitRefusal(id="no", start=day(60), end=day(90), through=strait, under_way="held")
cases = [
    small_case(two_suppliers(first_share=0.5, interchangeable_share=0.6), 300, ban),
    small_case(serial_chain([20.0, 30.0], [8, 12]), 250),
    small_case(serial_chain([40.0], [12]), 250, refusal),
]
runs = [simulate(case) for case in cases]
names = ("line_made", "on_hand", "ordered", "received", "lead_time_days")
print(json.dumps([[getattr(run, name).tolist() for name in names] for run in runs]))
"""


def printed_by(code: str, *, folder: Path | None = None, **environment: str) -> str:
    paths = os.pathsep.join([str(folder or PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    child = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


def test_kernels_give_the_same_as_plain_python() -> None:
    """The compiled engine and the same code run by Python agree to 1e-9 on cuts, chains and held goods."""
    compiled, plain = (json.loads(printed_by(RUN, NUMBA_DISABLE_JIT=off)) for off in ("0", "1"))
    assert np.ptp(np.array(compiled[0][2])) > 0.0  # orders moved, so there is something to agree on
    for one, other in zip(compiled, plain, strict=True):
        for series, same in zip(one, other, strict=True):
            np.testing.assert_allclose(np.array(series), np.array(same), rtol=1e-9, atol=1e-9)


def test_an_edited_helper_is_compiled_anew(tmp_path: Path) -> None:
    """Numba would not notice: the kernel's own file is as it was, only a helper in another file changed."""
    shutil.copytree(PACKAGE, tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__", "library"))
    kernels = tmp_path / "sim" / "engine" / "kernels"
    part, whole = kernels / "probe_part.py", kernels / "probe.py"
    head = "from sim.engine.jit import helper, kernel\n"
    whole.write_text(
        f"{head}from sim.engine.kernels.probe_part import part\n\n\n"
        "@kernel\ndef whole(number: int) -> int:\n    return part(number) + 1\n",
        encoding="utf-8",
    )
    ask = "from sim.engine.kernels.probe import whole; print(whole(5), len(whole.stats.cache_hits))"

    def answer(factor: int) -> list[str]:
        body = f"{head}\n\n@helper\ndef part(number: int) -> int:\n    return {factor} * number\n"
        part.write_text(body, encoding="utf-8")
        return printed_by(ask, folder=tmp_path, SIM_CACHE_DIR=str(tmp_path / "cache")).split()

    assert answer(2) == ["11", "0"]
    assert answer(2) == ["11", "1"]  # from the cache
    assert answer(3) == ["16", "0"]
    assert answer(2) == ["11", "1"]


PROBES = """
from sim.engine.jit import kernel

@kernel
def twice(number):
    return 2 * number

@kernel
def thrice(number):
    return 3 * number
"""
TELL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
from probes import thrice, twice
from sim.engine import kernels_are_cached
print(kernels_are_cached(), twice(2) + thrice(2))
"""


@pytest.mark.parametrize("why", ["no folder", "full disk"])
def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(tmp_path: Path, why: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "probes.py").write_text(PROBES, encoding="utf-8")
    cache = tmp_path / "file" / "below" if why == "no folder" else tmp_path / "cache"
    limit = "resource.RLIM_INFINITY" if why == "no folder" else "512"
    found = subprocess.run(
        [sys.executable, "-c", TELL.format(limit=limit)],
        env={
            **os.environ, "SIM_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(PACKAGE.parent)]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["False", "10"]
    (told,) = found.stderr.splitlines()  # once, not once per kernel
    assert told.startswith(f"compiled kernels cannot be kept in {cache}")
    assert told.endswith("the next run will compile them again")
    assert ("Not a directory" if why == "no folder" else "File too large") in told
    assert not list((PACKAGE / "engine").rglob("*.nb[ci]")), "kept where an edited helper is not noticed"
    assert not list(tmp_path.rglob("*.tmp.*"))


def test_a_network_with_other_covers_is_compiled_from_its_kin_to_the_same_bits() -> None:
    """What another network of the same flows lends must not show in the result."""
    network = sim.load_network("rare_earths_2024")
    site = network.sites["toyota_japan"]
    more = replace(site, cover=dict.fromkeys(site.cover, 77.0), output_cover={}, opening_cover={})
    other = replace(network, sites={**network.sites, site.site_id: more})
    assert differs_in_covers_alone(network, other)
    ban = ExportBan(id="ban", start=date(2025, 2, 1), from_places=("CN",))
    case = sim.Case("kin", other, start=date(2025, 1, 1), horizon_days=200, interventions=(ban,))
    _compiled.clear()
    alone = simulate(case)
    _compiled.clear()
    simulate(replace(case, network=network))
    kin = simulate(case)
    for name in ("line_made", "on_hand", "ordered", "in_transit", "touched"):
        assert np.array_equal(getattr(alone, name), getattr(kin, name)), name
    assert alone.origin == kin.origin


@pytest.mark.parametrize("record", ["site", "lane", "pins"])
def test_a_network_with_other_flows_is_no_kin(record: str) -> None:
    network = serial_chain([20.0, 30.0], [8, 12])
    sites, lanes = network.sites.items(), network.lanes.items()
    changed = {
        "site": {"sites": {name: replace(site, patience_days=3.0) for name, site in sites}},
        "lane": {"lanes": {name: replace(lane, interchangeable_share=0.3) for name, lane in lanes}},
        "pins": {"pins": {next(iter(network.lines)): 1.0}},
    }[record]
    assert not differs_in_covers_alone(network, replace(network, **changed))
    assert differs_in_covers_alone(network, replace(network, title="the same under another title"))
