"""What is measured: pure functions from a trajectory and its network to frames.

Measures (one value per site) are in `measures`, series over days in `series`; both are listed in
`registry`. `tables` makes frames of them. To add a measure, write one decorated function.
"""

from sim.metrics import measures as _measures
from sim.metrics import series as _series
from sim.metrics.layout import reported_sites
from sim.metrics.reading import Reading, SiteView
from sim.metrics.registry import MEASURES, SERIES, Measure, Series
from sim.metrics.series import days_of_site
from sim.metrics.tables import (
    COLUMNS,
    Columns,
    columns_of,
    combined_table,
    mass_balance_max_relative_error,
    measured,
    measured_at,
    series_frame,
    site_table,
    site_values,
    weighted_quantile,
)

__all__ = [
    "COLUMNS",
    "MEASURES",
    "SERIES",
    "Columns",
    "Measure",
    "Reading",
    "Series",
    "SiteView",
    "columns_of",
    "combined_table",
    "days_of_site",
    "mass_balance_max_relative_error",
    "measured",
    "measured_at",
    "reported_sites",
    "series_frame",
    "site_table",
    "site_values",
    "weighted_quantile",
]

_REGISTERED = (_measures, _series)
"""Importing these modules is what fills the registries."""
