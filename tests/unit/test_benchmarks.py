"""The benchmark commands: a peer that is not there is named, sizes are measured."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from benchmarks import run, scale


def test_a_missing_peer_is_printed_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    tallies = {peer: run.Tally() for peer in run.PEERS}
    outcome = {"stock_out_days": 150, "first_day": 425}
    for peer, seconds in ((run.OURS, 0.004), (run.PLAIN, 0.2)):
        tallies[peer].add({"seconds": [seconds] * 2, "outcomes": [outcome] * 2, "peak_mib": 90.0})
    tallies[run.STOCKPYL].missing = "no environment: no network"
    if importlib.util.find_spec("SupplyNetPy") is None:
        run.take_turn(sys.executable, run.SUPPLYNETPY, 0, 1, tallies[run.SUPPLYNETPY])
        assert "No module named 'SupplyNetPy'" in tallies[run.SUPPLYNETPY].missing
    run.print_comparison(tallies)
    printed = capsys.readouterr().out
    assert "stockpyl, part shipments         missing: no environment" in printed
    assert "plain SimPy takes 50.0 times as long (aim: 50)" in printed
    assert "equal within noise" in printed


def test_peers_by_rule_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Whole orders stop the customers for longer; that is printed beside the others, and not called wrong."""
    tallies = {peer: run.Tally() for peer in run.PEERS}
    for peer, days in ((run.OURS, 150), (run.PLAIN, 150), (run.SUPPLYNETPY, 227), (run.STOCKPYL, 148)):
        outcomes = [{"stock_out_days": days, "first_day": 425}] * 3
        tallies[peer].add({"seconds": [0.1] * 3, "outcomes": outcomes, "peak_mib": 90.0})
    run.print_comparison(tallies)
    printed = capsys.readouterr().out
    assert "SupplyNetPy, whole orders only" in printed
    assert "227.00 +- 0.00" in printed
    assert "NOT EQUAL" not in printed


def test_sizes_are_measured_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for sites in (12, 24):
        folder = tmp_path / str(sites)
        rows.append(scale.measure(folder, sites, 1))
    scale.report(rows)
    printed = capsys.readouterr().out
    assert [row["sites"] for row in rows] == [12, 24]
    assert all(row["us_per_site_day"] > 0.0 and row["run_s"] > 0.0 for row in rows)
    assert "cost per site and day: 24 sites" in printed
    assert "KiB for each further site at 400 days" in printed
