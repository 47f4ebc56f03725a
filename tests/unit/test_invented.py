"""Invented networks: right tables, a day zero that closes, and the same bytes for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.data import load_network
from sim.data.invented import write_network
from sim.data.invented_world import LEAST_SITES, STAGES
from sim.engine import simulate
from sim.interventions import ExportBan
from sim.steady import solve
from sim.testing import START, small_case


@settings(max_examples=6, deadline=None)
@given(sites=st.integers(LEAST_SITES, 120), seed=st.integers(0, 2**32))
def test_the_tables_load_and_day_zero_closes_on_the_plans(
    sites: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("invented")
    counts = write_network(folder, sites, seed)
    network = load_network(folder)
    assert sum(counts.values()) == len(network.sites) == sites
    assert tuple(counts) == STAGES
    flows = solve(network)
    assert max(abs(deviation) for deviation in flows.plan_deviation.values()) < 1e-6
    for name, lane in network.lanes.items():
        assert flows.shares[name] == pytest.approx(lane.sourcing_share, abs=1e-6)


def test_every_maker_has_a_buyer_and_every_figure_a_source(tmp_path: Path) -> None:
    write_network(tmp_path, 300, 7)
    network = load_network(tmp_path)
    assert all(
        network.lanes_from(name) for name, site in network.sites.items() if site.stage != "oem"
    )
    assert all(figure.source_id.startswith("A_") for figure in network.figures.values())


def test_it_rests_without_shocks_and_reacts_to_one(tmp_path: Path) -> None:
    write_network(tmp_path, 60, 1)
    network = load_network(tmp_path)
    calm = simulate(small_case(network, 200))
    opening = np.broadcast_to(calm.opening_on_hand, calm.on_hand.shape)
    np.testing.assert_allclose(calm.on_hand, opening, rtol=1e-7)
    ban = ExportBan(id="ban", start=START, from_places=("China",))
    shaken = simulate(small_case(network, 200, ban))
    assert shaken.line_made.sum() < 0.95 * calm.line_made.sum()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "same", "other")]
    for folder, seed in zip(folders, (3, 3, 4), strict=True):
        write_network(folder, 30, seed)
    tables = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert tables[0] == tables[1]
    assert tables[0]["lanes.csv"] != tables[2]["lanes.csv"]


def test_too_few_sites_for_a_chain_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="11 sites; an invented network has 12 to"):
        write_network(tmp_path, 11, 1)
