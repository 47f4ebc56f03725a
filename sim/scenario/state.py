"""Stocks, goods at sea and open licences on day 0, from `initial_state:`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sim.case import InitialState
from sim.domain import Distribution, Network
from sim.interventions import Intervention
from sim.scenario.licences import LicenceReader
from sim.scenario.readings import Reading
from sim.scenario.syntax import Node, Problems
from sim.scenario.validate import Parts, locate
from sim.units import did_you_mean


def initial_state(
    parts: Parts,
    network: Network,
    interventions: Sequence[Intervention],
    laws: dict[str, Distribution],
    problems: Problems,
    pending: Collection[str] = (),
) -> InitialState | None:
    """Return the initial state, or None if the scenario says nothing readable about it.

    Laws go to ``laws`` under ``initial_state.on_hand.<site>.<material>`` and
    ``initial_state.in_transit.<lane>.<number>`` and ``initial_state.licences.<number>``; the state then holds
    their central value.
    """
    entry = parts.top.get("initial_state")
    if entry is None:
        return None
    reader = _Reader(parts.root, network, laws, problems, pending)
    held = reader.stocks()
    on_hand = {
        (site, material): reader.amount(("on_hand", site, material), material, reading)
        for site, stocks in entry.on_hand.items()
        for material, reading in stocks.items()
        if (site, material) in held
    }
    start = parts.top.get("start")
    in_transit = {
        lane: tuple(reader.consignment(lane, number, item, start) for number, item in enumerate(items))
        for lane, items in entry.in_transit.items()
        if reader.is_lane(lane)
    }
    licences = LicenceReader(reader.node, network, interventions, start, laws, problems)
    return InitialState(on_hand, in_transit, licences.read(entry.licences))


class _Reader:
    """Looks up the names and units of an initial state."""

    def __init__(
        self,
        root: Node,
        network: Network,
        laws: dict[str, Distribution],
        problems: Problems,
        pending: Collection[str],
    ) -> None:
        self.node = locate(root, ("initial_state",))
        self.network, self.laws, self.problems, self.pending = network, laws, problems, pending

    def _unknown(self, keys: tuple[str, ...], noun: str, name: str, known: Any) -> bool:
        if name in known:
            return False
        if name in self.pending:
            return True  # what is wrong with it was noted where it is described
        node = locate(self.node, keys)
        where = f"initial_state.{'.'.join(keys)}"
        self.problems.add(
            f"{where}: {noun} '{name}' does not exist",
            node.key_mark or node.mark,
            key=where,
            given=name,
            hint=did_you_mean(name, tuple(known)),
        )
        return True

    def stocks(self) -> set[tuple[str, str]]:
        """Return the stocks that are named, and note names that are none, whatever their figures are."""
        node = self.node.get("on_hand")
        named = {site: below.value for site, below in node.value.items()} if node and node.is_mapping else {}
        return {
            (site, material)
            for site, below in named.items()
            if not self._unknown(("on_hand", site), "site", site, self.network.sites)
            for material in (below if isinstance(below, dict) else ())
            if self._is_stock(site, material)
        }

    def _is_stock(self, site: str, material: str) -> bool:
        if self._unknown(("on_hand", site, material), "material", material, self.network.materials):
            return False
        lines = self.network.lines_at(site)
        held = {name for line in lines for name in (*line.inputs, *line.outputs)}
        if material not in held:
            node = locate(self.node, ("on_hand", site, material))
            self.problems.add(
                f"'{site}' neither uses nor makes '{material}'",
                node.key_mark or node.mark,
                key=f"initial_state.on_hand.{site}.{material}",
                given=material,
                allowed=", ".join(sorted(held)),
            )
        return material in held

    def is_lane(self, lane: str) -> bool:
        """Say whether a lane exists, and note it if not."""
        return not self._unknown(("in_transit", lane), "lane", lane, self.network.lanes)

    def amount(self, keys: tuple[str | int, ...], material: str, reading: Reading) -> float:
        """Return a quantity in the unit of its material."""
        number = reading.number()
        unit = self.network.materials[material].unit
        node = locate(self.node, keys)
        if reading.of != unit:
            self.problems.add(
                f"'{material}' is counted in {unit}s, not in {reading.of}s",
                node.mark,
                key=f"initial_state.{'.'.join(map(str, keys))}",
                given=node.text,
                allowed="500 units" if unit == "unit" else "170 t, 3 kg",
            )
        if isinstance(number, Distribution):
            named = [str(key) for key in keys if key != "quantity"]
            self.laws[f"initial_state.{'.'.join(named)}"] = number
            return number.central()
        return number

    def consignment(self, lane: str, number: int, item: Any, start: date | None) -> tuple[int, float]:
        """Return the arrival day and the quantity of goods at sea."""
        keys = ("in_transit", lane, number)
        quantity = self.amount((*keys, "quantity"), self.network.lanes[lane].material, item.quantity)
        if isinstance(item.arrives, date):
            day = (item.arrives - start).days if start is not None else 0
        else:
            day = round(item.arrives)
        if day < 0:
            node = locate(self.node, (*keys, "arrives"))
            self.problems.add(
                f"goods at sea arrive on {item.arrives}, before the scenario starts on {start}",
                node.mark,
                key=f"initial_state.in_transit.{lane}[{number}].arrives",
                given=node.text,
                allowed=f"{start} or later",
            )
        return day, quantity
