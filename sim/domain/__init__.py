"""The nouns of the model: frozen dataclasses that know nothing of files, YAML or engines."""

from sim.domain.distribution import Distribution, Number, central
from sim.domain.network import (
    Country,
    Figure,
    Lane,
    LaneRoute,
    Line,
    LineKind,
    Material,
    Network,
    Route,
    Site,
)

__all__ = [
    "Country",
    "Distribution",
    "Figure",
    "Lane",
    "LaneRoute",
    "Line",
    "LineKind",
    "Material",
    "Network",
    "Number",
    "Route",
    "Site",
    "central",
]
