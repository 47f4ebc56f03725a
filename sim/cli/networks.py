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
    from sim.scenario import load

    path = Path(name)
    resolved = path / "scenario.resolved.yaml"
    if resolved.is_file():
        return load(resolved).case.network
    if name in packaged_networks() or (path.is_dir() and (path / "network.csv").exists()):
        return load_network(name)
    return load(name).case.network
