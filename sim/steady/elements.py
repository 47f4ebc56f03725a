"""Mass of metal in one tonne of rare-earth oxide, from atomic weights (IUPAC 2021, standard forms)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sim.domain import Material, Network

METAL_PER_OXIDE: Mapping[str, float] = MappingProxyType(
    {
        "lanthanum": 0.8527,
        "cerium": 0.8141,
        "praseodymium": 0.8277,
        "neodymium": 0.8574,
        "ndpr": 0.8500,
        "samarium": 0.8624,
        "gadolinium": 0.8676,
        "terbium": 0.8502,
        "dysprosium": 0.8713,
        "yttrium": 0.7874,
    }
)
"""Tonnes of metal per tonne of the common oxide (Pr6O11, Tb4O7, CeO2, else R2O3) [t/t].

`ndpr` is three parts of Nd2O3 to one of Pr6O11.
"""


def as_metal(quantity: float, element: str, basis: str) -> float:
    """Return a content as mass of metal.

    Parameters
    ----------
    quantity
        Content in the basis given [kg/kg or kg/unit].
    element
        Name of the element; one that is not listed counts at its stated mass.
    basis
        Unit of the content row: ``kg REO/kg`` counts as oxide, anything else as metal.
    """
    return quantity * METAL_PER_OXIDE.get(element, 1.0) if "REO" in basis else quantity


def content_as_metal(network: Network, material: Material, element: str) -> float:
    """Return a material's content of an element as mass of metal, whatever its row's basis.

    Returns
    -------
    float
        [tonne of metal per unit of the material]; 0 when the material does not hold the element.
    """
    figure = network.figures.get(f"materials.{material.material_id}.contents.{element}")
    basis = figure.unit if figure is not None else _usual_basis(material)
    return as_metal(material.contents.get(element, 0.0), element, basis)


def _usual_basis(material: Material) -> str:
    is_oxide = material.form in ("ore", "concentrate", "carbonate", "oxide", "compound")
    return "kg REO/kg" if is_oxide else "kg/kg"
