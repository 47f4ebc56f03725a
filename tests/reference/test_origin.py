"""Where goods come from differs by element: a magnet of Western neodymium is Chinese by its dysprosium."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sim.domain import Network
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from tests.reference.tools import case_of

pytestmark = pytest.mark.xdist_group("reference_origin")
THRESHOLD = 0.001
"""The content rule of October 2025: 0.1 % [share; here by mass]."""


@pytest.fixture(scope="module")
def network() -> Network:
    return case_of("baseline").network


@pytest.fixture(scope="module")
def steady() -> Trajectory:
    return simulate(case_of("baseline", 30), in_detail=False)


def touched(run: Trajectory, site: str, element: str, place: str) -> float:
    """Return the touched share of an element in a site's inputs in the steady state."""
    column = run.touched_keys.index((site, element, place))
    assert np.ptp(run.touched[:, column]) < 1e-9
    return float(run.touched[0, column])


def heavy_makers(network: Network) -> list[str]:
    """Return the sites that make heavy magnets."""
    found = sorted({line.site for line in network.lines.values() if "magnet_heavy" in line.outputs})
    assert len(found) >= 9
    return found


def by_mass(network: Network, run: Trajectory, site: str, place: str) -> float:
    """Return the touched share of all rare earths of a heavy magnet made at a site, weighted by mass."""
    contents = {name: mass for name, mass in network.materials["magnet_heavy"].contents.items() if mass > 0.0}
    assert set(contents) == {"ndpr", "dysprosium", "terbium"}
    total = sum(mass * touched(run, site, element, place) for element, mass in contents.items())
    return total / sum(contents.values())


def test_by_dysprosium_myanmar_is_several_times_its_share_by_mass(
    network: Network, steady: Trajectory
) -> None:
    """About 41 % of a heavy magnet's dysprosium is from Myanmar, but a tenth or less of its rare earths."""
    for site in heavy_makers(network):
        of_dysprosium, of_mass = (
            touched(steady, site, "dysprosium", "MM"),
            by_mass(network, steady, site, "MM"),
        )
        assert 0.35 < of_dysprosium < 0.50
        assert of_mass < 0.13
        assert of_dysprosium > 3.5 * of_mass


def test_every_heavy_magnet_trips_a_rule_of_a_tenth_of_a_per_cent(
    network: Network, steady: Trajectory
) -> None:
    """Chinese dysprosium and terbium alone are over 0.1 % of every heavy magnet, whoever makes it."""
    contents = network.materials["magnet_heavy"].contents
    for site in heavy_makers(network):
        chinese = sum(
            contents[element] * touched(steady, site, element, "CN") for element in ("dysprosium", "terbium")
        )
        assert chinese > 10.0 * THRESHOLD, site


@pytest.mark.parametrize("site", ["us_magnet_makers", "shin_etsu_haiphong"])
def test_magnets_of_purely_western_neodymium_still_have_chinese_content(
    network: Network, steady: Trajectory, site: str
) -> None:
    """No Chinese NdPr at all, yet 7 % of the rare earths by way of dysprosium and terbium."""
    assert touched(steady, site, "ndpr", "CN") == pytest.approx(0.0, abs=1e-9)
    assert touched(steady, site, "dysprosium", "CN") == pytest.approx(1.0, abs=1e-9)
    assert 0.05 < by_mass(network, steady, site, "CN") < 0.10


def test_origin_survives_the_components(network: Network, steady: Trajectory) -> None:
    """At Toyota in Japan all dysprosium is Chinese-touched, of NdPr less than half."""
    assert touched(steady, "toyota_japan", "dysprosium", "CN") == pytest.approx(1.0, abs=1e-6)
    assert 0.3 < touched(steady, "toyota_japan", "ndpr", "CN") < 0.5
    assert touched(steady, "toyota_japan", "ndpr", "AU") > 0.4


def test_touched_is_no_sum_of_margins(network: Network, steady: Trajectory) -> None:
    """Ore mined in Myanmar is separated in China: the shares of two places overlap, and none is above one."""
    assert steady.start == date(2025, 1, 1)
    for site in heavy_makers(network):
        chinese, burmese = (touched(steady, site, "dysprosium", place) for place in ("CN", "MM"))
        assert chinese + burmese > 1.3
        assert max(chinese, burmese) <= 1.0 + 1e-12
