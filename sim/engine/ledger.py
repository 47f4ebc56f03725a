"""The mass balance: what was there, plus what was made, minus what was used, is what is there.

Checked for every material and for every origin share of every element, in every run. An error above
one part in a thousand million is a bug and stops the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.domain import Network
from sim.engine.arrays import Floats, Net, State
from sim.engine.index import Index
from sim.engine.kernels.tally import tally
from sim.engine.origin import classes_of
from sim.engine.reference import Ref
from sim.errors import InvariantError

TOLERANCE = 1e-9


class Count(NamedTuple):
    """Everything there is at one moment."""

    materials: Floats
    codes: Floats
    under_way: Floats


def count(net: Net, state: State) -> Count:
    """Count all mass [unit of material], all origin [tonne of element] and all goods under way."""
    found = Count(
        np.zeros_like(state.totals.made), np.zeros_like(state.codes.created), np.zeros(net.lanes.source.size)
    )
    tally(Ref(net), Ref(state), *found)
    return found


@dataclass
class Ledger:
    """The opening count of a run, and the largest relative errors seen since."""

    network: Network
    index: Index
    net: Net
    opening: Count
    errors: dict[str, float]

    @classmethod
    def open(cls, network: Network, index: Index, net: Net, state: State) -> Ledger:
        """Open the books on the first day."""
        for total in (state.totals.made, state.totals.used, state.codes.created, state.codes.destroyed):
            total[:] = 0.0
        return cls(network, index, net, count(net, state), {})

    def check(self, state: State, day: int) -> None:
        """Compare the books with a fresh count.

        Raises
        ------
        InvariantError
            If mass or origin was created or lost, or a stock is negative.
        """
        now = count(self.net, state)
        names = list(self.index.materials)
        self._compare(
            names, self.opening.materials, state.totals.made, state.totals.used, now.materials, day
        )
        codes = self._code_names(now.codes.size)
        scale = self._element_scale(state)
        self._compare(
            codes, self.opening.codes, state.codes.created, state.codes.destroyed, now.codes, day, scale
        )
        lanes = [f"goods under way on {name}" for name in self.index.lanes]
        booked = state.lanes.in_transit + state.lanes.held
        self._compare(lanes, booked, np.zeros_like(booked), np.zeros_like(booked), now.under_way, day,
                      np.maximum(booked, self.net.lanes.flow))  # fmt: skip
        self._check_signs(state, day)

    def _code_names(self, size: int) -> list[str]:
        classes = classes_of(self.network)
        names = []
        for code in range(size):
            element, number = divmod(code, classes.count)
            known = element < len(self.network.elements)
            names.append(f"{self.network.elements[element]} {classes.name(number)}" if known else "")
        return names

    def _element_scale(self, state: State) -> Floats:
        """Return, per code, the mass of its element that passed through the world."""
        count_ = classes_of(self.network).count
        passed = self.opening.codes + state.codes.created
        scale = np.zeros_like(passed)
        for first in range(0, passed.size, count_):
            scale[first : first + count_] = passed[first : first + count_].max(initial=0.0)
        return scale

    def _compare(
        self,
        names: list[str],
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
        for i in np.flatnonzero(error > 0.0):
            self.errors[names[i]] = max(self.errors.get(names[i], 0.0), float(error[i]))
        if error.size and not error[worst] <= TOLERANCE:
            raise InvariantError(
                f"mass balance broken on day {day}: {names[worst]}: {closing[worst] - expected[worst]:+.6g} "
                f"({error[worst]:.3g} parts of all that passed)\n"
                f"    opening {opening[worst]:.6f} + made {made[worst]:.6f} - used {used[worst]:.6f} "
                f"!= closing {closing[worst]:.6f}\n"
                "    this is a bug in sim, not in your scenario"
            )

    def _check_signs(self, state: State, day: int) -> None:
        for name, array in (("on hand", state.on_hand), ("under way", state.lanes.in_transit), ("held", state.lanes.held)):
            largest = max(float(array.max(initial=0.0)), 1.0)
            if array.min(initial=0.0) < -TOLERANCE * largest:
                raise InvariantError(f"a stock {name} is negative on day {day}: {array.min():.6g}")
