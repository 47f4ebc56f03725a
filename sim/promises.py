"""What a scenario asks of its result, checked by the layers above that know what can be asked.

The scenario layer reads `must_hold:` and `outputs:` but may not import what they speak of, so the package's
`__init__` hands the check down. It stands here by itself, because this costs nothing to import.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.domain import Network
    from sim.errors import Problem

PROMISED = ("must_hold", "outputs")
"""Keys of a scenario whose entries are checked here."""


@dataclass(slots=True)
class Promises:
    """The check of one entry: its key, its text, and the network if that could be loaded."""

    check: Callable[[str, str, Network | None], tuple[Problem, ...]] | None = None


PROMISES = Promises()
