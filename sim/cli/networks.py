"""How a command finds the network it is asked about."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.domain import Network


def network_of(name: str, sets: Sequence[str] = ()) -> Network:
    """Return a network by name or folder, with values changed as ``--set`` says.

    Raises
    ------
    DataError, ScenarioError
        If there is no such network, or a path of ``--set`` is not in it.
    """
    from sim.data import find_folder, load_network

    folder = find_folder(name)
    if not sets:
        return load_network(name)
    from sim.scenario import load

    # The scenario language is what knows paths and units; a scenario of nothing else carries them.
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "network.yaml"
        text = f"title: network\nnetwork: {folder.resolve()}\nstart: 2025-01-01\nhorizon: 1 d\n"
        path.write_text(text, encoding="utf-8")
        return load(path, sets=tuple(sets)).case.network


def network_of_any(name: str) -> Network:
    """Return the network of a run folder, of a scenario, or of that name."""
    from sim.data import load_network, packaged_networks
    from sim.errors import DataError, Problem
    from sim.scenario import load
    from sim.scenario.library import find, names
    from sim.units import did_you_mean

    path = Path(name)
    resolved = path / "scenario.resolved.yaml"
    if resolved.is_file():
        return load(resolved).case.network
    if name in packaged_networks() or (path.is_dir() and (path / "network.csv").exists()):
        return load_network(name)
    if not find(name).exists():
        known = packaged_networks()
        hint = did_you_mean(name, [*known, *names()]) or "sim list scenarios has the library"
        allowed = f"a folder of tables, a run folder, a scenario, or a network: {', '.join(known)}"
        raise DataError(Problem("does not exist", path=name, given=name, hint=hint, allowed=allowed))
    return load(name).case.network
