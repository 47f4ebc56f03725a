"""The mass balance: what was there, plus what was made, minus what was used, is what is there.

Checked for every material and for every origin share of every element, in every run. An error above
one part in a thousand million is a bug and stops the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.domain import Network
from sim.engine import state as factory
from sim.engine.arrays import Floats, Net, State
from sim.engine.index import Index
from sim.engine.kernels.tally import tally
from sim.engine.origin import classes_of
from sim.engine.reference import ref_to
from sim.errors import InvariantError

TOLERANCE = 1e-9


class Count(NamedTuple):
    """Everything there is at one moment, and all origin that was made and used up to then."""

    materials: Floats
    under_way: Floats
    codes: Floats
    created: Floats
    destroyed: Floats


def count(net: Net, state: State) -> Count:
    """Count all mass [unit of material], all goods under way and all origin [tonne of element]."""
    materials, under_way = np.zeros(len(state.totals)), np.zeros(len(net.lanes))
    origin = np.zeros((3, factory.code_count(net)))
    tally(ref_to(net), ref_to(state), materials, under_way, np.zeros(factory.blend_rows(state)), origin)
    return Count(materials, under_way, *origin)


@dataclass
class Ledger:
    """The opening count of a run, and the largest relative errors seen since."""

    network: Network
    index: Index
    net: Net
    opening: Count
    errors: dict[str, float]

    @classmethod
    def open(cls, network: Network, index: Index, net: Net, state: Any) -> Ledger:
        """Open the books on the first day; `state` may be a reference."""
        opening = count(net, state)
        for total in (state.totals.made, state.totals.used, state.gained, state.lost):
            total[:] = 0.0
        return cls(network, index, net, opening, {})

    def check(self, state: State, day: int) -> None:
        """Compare the books with a fresh count.

        Raises
        ------
        InvariantError
            If mass or origin was created or lost, or a stock is negative.
        """
        now = count(self.net, state)
        self._compare(
            lambda i: self.index.materials[i],
            self.opening.materials, state.totals.made, state.totals.used, now.materials, day,
        )  # fmt: skip
        scale = self._element_scale(now)
        self._compare(
            self._code_name, self.opening.codes, now.created, now.destroyed, now.codes, day, scale
        )
        booked = state.lanes.in_transit + state.lanes.held
        none = np.zeros_like(booked)
        lanes = self.net.lanes
        usual = np.maximum(lanes.flow, self.net.groups.planned_use[lanes.group])
        # A lane that nobody uses on a normal day is measured by all there has been of its goods.
        passed = (self.opening.materials + state.totals.made)[self.net.outs.material[lanes.source]]
        usual = np.where(usual > 0.0, usual, passed)
        self._compare(self._lane_name, booked, none, none, now.under_way, day, np.maximum(booked, usual))
        self._check_signs(state, day)

    def _lane_name(self, lane: int) -> str:
        return f"goods under way on {self.index.lanes[lane]}"

    def _code_name(self, code: int) -> str:
        element, number = self.net.codes.element[code], int(self.net.codes.number[code])
        return f"{self.network.elements[element]} {classes_of(self.network).name(number)}"

    def _element_scale(self, now: Count) -> Floats:
        """Return, per code, the mass of its element that passed through the world."""
        passed = self.opening.codes + now.created
        most = np.zeros(len(self.network.elements))
        np.maximum.at(most, self.net.codes.element, passed[: len(self.net.codes)])
        scale = np.zeros_like(passed)
        scale[: len(self.net.codes)] = most[self.net.codes.element]
        return scale

    def _compare(
        self,
        name_of: Callable[[int], str],
        opening: Floats,
        made: Floats,
        used: Floats,
        closing: Floats,
        day: int,
        scale: Floats | None = None,
    ) -> None:
        expected = opening + made - used
        basis = opening + made if scale is None else scale
        error = np.abs(closing - expected) / np.where(basis > 0.0, basis, 1.0)
        worst = int(error.argmax()) if error.size else 0
        if error.size and error[worst] > 0.0:
            self.errors[name_of(worst)] = max(self.errors.get(name_of(worst), 0.0), float(error[worst]))
        if error.size and not error[worst] <= TOLERANCE:
            raise InvariantError(
                f"mass balance broken on day {day}: {name_of(worst)}: "
                f"{closing[worst] - expected[worst]:+.6g} "
                f"({error[worst]:.3g} parts of all that passed)\n"
                f"    opening {opening[worst]:.6f} + made {made[worst]:.6f} - used {used[worst]:.6f} "
                f"!= closing {closing[worst]:.6f}\n"
                "    this is a bug in sim, not in your scenario"
            )

    def _check_signs(self, state: State, day: int) -> None:
        lanes = state.lanes
        stocks = {"on hand": state.on_hand, "under way": lanes.in_transit, "held": lanes.held}
        for name, array in stocks.items():
            largest = max(float(array.max(initial=0.0)), 1.0)
            if array.min(initial=0.0) < -TOLERANCE * largest:
                raise InvariantError(f"a stock {name} is negative on day {day}: {array.min():.6g}")
