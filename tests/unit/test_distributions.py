"""Laws of chance: samples, quantiles and moments agree with each other."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from sim.domain import Distribution
from sim.domain.distribution import PARAMETERS

LAWS = (
    Distribution("constant", {"value": 4.0}),
    Distribution("uniform", {"low": 2.0, "high": 9.0}),
    Distribution("triangular", {"low": 2.0, "mode": 3.0, "high": 9.0}),
    Distribution("normal", {"mean": 20.0, "sd": 3.0}),
    Distribution("lognormal", {"mean": 20.0, "cv": 0.4}),
    Distribution("gamma", {"mean": 20.0, "cv": 0.4}),
    Distribution("exponential", {"mean": 20.0}),
    Distribution("geometric", {"mean": 7.0}),
    Distribution("poisson", {"mean": 7.0}),
    Distribution("beta", {"low": 10.0, "high": 90.0, "alpha": 2.0, "beta": 5.0}),
    Distribution("discrete", values=(90.0, 30.0, 50.0), weights=(1.0, 6.0, 3.0)),
    Distribution("empirical", values=(12.0, 15.0, 15.0, 40.0)),
)


def test_every_law_is_tested_here() -> None:
    assert [item.law for item in LAWS] == list(PARAMETERS)


@pytest.mark.parametrize("law", LAWS, ids=lambda item: item.law)
def test_samples_have_the_mean_and_the_quantiles_of_the_law(law: Distribution) -> None:
    count = 20_000
    drawn = law.draw(np.random.default_rng(5), count)
    error = 5.0 * float(drawn.std()) / math.sqrt(count) + 1e-9
    assert abs(float(drawn.mean()) - law.mean()) < error
    for share in (0.05, 0.3, 0.5, 0.77, 0.95):
        at = law.quantile(share)
        # Below and up to the quantile: both sides hold also where a value has a probability of its own.
        slack = 5.0 * math.sqrt(share * (1.0 - share) / count)
        assert np.mean(drawn < at - 1e-9) <= share + slack
        assert np.mean(drawn <= at + 1e-9) >= share - slack


@pytest.mark.parametrize("law", LAWS, ids=lambda item: item.law)
def test_quantiles_at_evenly_spread_points_have_the_mean_of_the_law(law: Distribution) -> None:
    points = (np.arange(4000) + 0.5) / 4000
    found = [law.quantile(float(point)) for point in points]
    assert found == sorted(found)
    assert np.mean(found) == pytest.approx(law.mean(), rel=3e-3)


@pytest.mark.parametrize("law", LAWS, ids=lambda item: item.law)
def test_a_law_survives_pickling_and_doubles_with_its_figure(law: Distribution) -> None:
    assert pickle.loads(pickle.dumps(law)) == law
    assert hash(pickle.loads(pickle.dumps(law))) == hash(law)
    if law.law not in ("geometric", "poisson"):  # a doubled count is no count
        twice = law.scaled(2.0)
        assert twice.mean() == pytest.approx(2.0 * law.mean())


def test_the_deterministic_run_takes_a_value_that_can_be() -> None:
    assert Distribution("discrete", values=(14.0, 400.0), weights=(2.0, 1.0)).central() == 14.0
    assert Distribution("empirical", values=(9.0, 1.0, 5.0, 7.0)).central() == 5.0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"law": "beta", "parameters": {"low": 9.0, "high": 1.0, "alpha": 1.0, "beta": 1.0}}, "low <= high"),
        ({"law": "beta", "parameters": {"low": 1.0, "high": 9.0, "alpha": 0.0, "beta": 1.0}}, "above zero"),
        ({"law": "discrete", "values": (1.0, 2.0), "weights": (1.0,)}, "a weight per value"),
        ({"law": "discrete", "values": (1.0, 2.0), "weights": (0.0, 0.0)}, "a weight above zero"),
        ({"law": "discrete", "values": (1.0, 2.0)}, "takes values, weights; given: values"),
        ({"law": "empirical"}, "takes values; given: none"),
        ({"law": "empirical", "values": (1.0, math.inf)}, "not finite"),
        ({"law": "empirical", "values": (1.0, -2.0)}, "non-negative"),
    ],
)
def test_a_law_that_cannot_be_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Distribution(**fields)  # type: ignore[arg-type]
