"""Networks as folders of CSV tables: loading with provenance, paths to numbers, beliefs, claims."""

from sim.data.beliefs import beliefs, with_belief
from sim.data.checks import Fault, faults
from sim.data.claims import check_claims
from sim.data.loader import find_folder, load_network, packaged_networks
from sim.data.paths import (
    all_paths,
    get_number,
    network_document,
    path_unit,
    with_lanes,
    with_lines,
    with_materials,
    with_numbers,
    with_routes,
    with_sites,
    with_values,
)
from sim.data.ranges import ranges

__all__ = [
    "Fault",
    "all_paths",
    "beliefs",
    "check_claims",
    "faults",
    "find_folder",
    "get_number",
    "load_network",
    "network_document",
    "packaged_networks",
    "path_unit",
    "ranges",
    "with_belief",
    "with_lanes",
    "with_lines",
    "with_materials",
    "with_numbers",
    "with_routes",
    "with_sites",
    "with_values",
]
