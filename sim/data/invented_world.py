"""What an invented network is made of: stages, countries, recipes, and what each assumption says."""

from __future__ import annotations

STAGES = ("mining", "separation", "metal", "magnet", "tier1", "oem")
PART_OF_SITES = (0.05, 0.07, 0.10, 0.16, 0.27, 0.35)
"""How the sites divide among the stages [share]."""
LEAST_SITES = 12
MOST_SITES = 1_000_000
MOST_SUPPLIERS = 3
CIRCLE, STRANGERS = 8, 0.1
"""How many neighbours on either side a firm trades with; which share of second sources lies elsewhere."""
COUNTRIES = {
    "AU": ("Australia", "oceania", -25.0, 133.0), "BR": ("Brazil", "americas", -10.0, -52.0),
    "CN": ("China", "asia", 31.0, 115.0), "DE": ("Germany", "europe", 51.0, 10.0),
    "EE": ("Estonia", "europe", 59.4, 27.7), "IN": ("India", "asia", 21.0, 78.0),
    "JP": ("Japan", "asia", 35.5, 138.0), "KR": ("South Korea", "asia", 36.5, 128.0),
    "MY": ("Malaysia", "asia", 3.5, 102.5), "TH": ("Thailand", "asia", 14.0, 101.0),
    "US": ("United States", "americas", 39.0, -98.0), "VN": ("Vietnam", "asia", 20.0, 106.0),
}  # fmt: skip
"""Name, region, latitude and longitude of the middle [degree]."""
WHERE = {
    "mining": "CN CN CN CN CN AU AU BR IN US VN MY", "separation": "CN CN CN CN CN CN CN MY IN EE US JP",
    "metal": "CN CN CN CN CN CN CN CN VN JP TH DE", "magnet": "CN CN CN CN CN CN CN JP JP VN DE US",
    "tier1": "CN CN CN CN JP JP DE KR TH US VN IN", "oem": "CN CN CN CN JP JP KR DE DE US US IN",
}  # fmt: skip
"""Countries of a stage, each as often as it weighs."""
STRAITS = {
    ("asia", "europe"): ("malacca", "bab_el_mandeb", "suez"), ("europe", "oceania"): ("suez",),
    ("americas", "asia"): (), ("americas", "europe"): (), ("americas", "oceania"): (),
    ("asia", "oceania"): ("lombok",),
}  # fmt: skip
"""Chokepoints between regions."""
PARTS = {"traction_motor": 1.6, "steering_motor": 0.14, "sensor_set": 0.02}
"""Magnets in a component [kg/unit]."""
MADE = {
    "mining": ("concentrate",), "separation": ("ndpr_oxide", "dysprosium_oxide"), "metal": ("magnet_alloy",),
    "magnet": ("magnet",), "tier1": tuple(PARTS), "oem": ("car",),
}  # fmt: skip
NEEDS = {
    "ndpr_oxide": {"concentrate": 5.6}, "magnet_alloy": {"ndpr_oxide": 0.36, "dysprosium_oxide": 0.0072},
    "magnet": {"magnet_alloy": 1.35},
}  # fmt: skip
"""Inputs of a line per unit of what it makes [t/t]."""
DYSPROSIUM_PER_NDPR = 0.02
"""As much as alloys need of both, so that none is left over [t/t]."""
MATERIALS = (
    ("concentrate", "Concentrate", "concentrate", "tonne", {"neodymium": 0.2, "dysprosium": 0.004}),
    ("ndpr_oxide", "NdPr oxide", "oxide", "tonne", {"neodymium": 1.0}),
    ("dysprosium_oxide", "Dysprosium oxide", "oxide", "tonne", {"dysprosium": 1.0}),
    ("magnet_alloy", "Magnet alloy", "alloy", "tonne", {"neodymium": 0.3, "dysprosium": 0.005}),
    ("magnet", "Magnet", "magnet", "tonne", {"neodymium": 0.3, "dysprosium": 0.005}),
)
BASIS = {"ore": "kg REO/kg", "concentrate": "kg REO/kg", "oxide": "kg REO/kg"}
FIGURE = ("value", "low", "high", "unit", "source_id", "derived_from", "note")
COLUMNS = {
    "network": ("key", *FIGURE), "materials": ("material", "name", "form", "unit"),
    "contents": ("material", "element", *FIGURE), "countries": ("country", "name", "blocs"),
    "sites": ("site", "name", "country", "latitude", "longitude", "unit", "operator", "stage", "end_use",
              "source_id"),
    "lines": ("line", "site", "kind", "drivers"), "line_figures": ("line", "attribute", *FIGURE),
    "recipes": ("line", "role", "material", *FIGURE), "stocks": ("site", "material", "role", *FIGURE),
    "lanes": ("lane", "supplier", "buyer", "material", "corridor", *FIGURE),
    "lane_figures": ("lane", "attribute", *FIGURE), "routes": ("route", "name", "mode", "passes"),
    "route_figures": ("route", "attribute", *FIGURE), "corridors": ("corridor", "route", *FIGURE),
    "sources": ("source_id", "title", "publisher", "url", "published", "kind", "note"),
    "assumptions": ("assumption_id", "statement", "low", "high", "unit", "reason"),
}  # fmt: skip
ASSUMPTIONS = (
    ("A_invented", "The network is invented by `sim new network`", "", "", "", "For tests of size and speed"),
    ("A_composition", "Contents of the materials", 0, 1, "kg/kg", "Usual monazite and sintered NdFeB"),
    ("A_recipe", "Inputs per unit made", 0, 10, "t/t", "Usual yields of the industry"),
    ("A_demand", "Cars a year, lognormal about 100,000", 1e3, 1e7, "unit/yr", "Sizes of car makers"),
    ("A_room", "Capacity over need, 1.15 to 1.6", 1, 2, "share", "Utilisations of 63 % to 87 %"),
    ("A_stock", "Days of cover, two weeks to three months", 3, 90, "d", "Usual stocks of the trade"),
    ("A_share", "One to three suppliers, their shares uniform", 0, 1, "share", "Usual dual sourcing"),
    ("A_fits", "How much fits elsewhere without requalification", 0.2, 1, "share", "No figures published"),
    ("A_transit", "Days: 4, and one per 600 km", 1, 60, "d", "Container ships at 14 knots"),
)
