"""An invented network of any size, as a folder of tables: mines to car makers, random but in good order.

Shapes follow the trade: few mines, many builders, each buyer with one to three suppliers of a material, China
in the middle. No figure is anybody's: each carries an assumption that says how it was drawn. Day zero closes
by construction, since plans and capacities are added up from demand.
"""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sim.data.invented_world import (
    ASSUMPTIONS,
    BASIS,
    CIRCLE,
    COLUMNS,
    COUNTRIES,
    DYSPROSIUM_PER_NDPR,
    LEAST_SITES,
    MADE,
    MATERIALS,
    MOST_SITES,
    MOST_SUPPLIERS,
    NEEDS,
    PART_OF_SITES,
    PARTS,
    STAGES,
    STRAITS,
    STRANGERS,
    WHERE,
)


@dataclass(slots=True)
class Tables:
    """Rows by table."""

    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, *cells: object) -> None:
        """Append a row of plain cells."""
        self.rows[table].append(cells)

    def figure(self, table: str, *keys: object, value: float, spread: float, unit: str, source: str) -> None:
        """Append a row with a figure and a range of so much around it [share]."""
        most = 1.0 if unit == "share" else math.inf
        low, high = value * (1.0 - spread), min(value * (1.0 + spread), most)
        self.add(table, *keys, f"{value:.12g}", f"{low:.6g}", f"{max(high, value):.6g}", unit, source, "", "")

    def write(self, folder: Path) -> None:
        """Write a file per table; none takes its place before all are there."""
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
            drafts = [Path(place) / f"{table}.csv" for table in COLUMNS]
            for draft, (table, header) in zip(drafts, COLUMNS.items(), strict=True):
                with draft.open("w", encoding="utf-8", newline="") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow(header)
                    writer.writerows(self.rows[table])
            folder.mkdir(exist_ok=True)
            for draft in drafts:
                draft.replace(folder / draft.name)


@dataclass(frozen=True, slots=True)
class Plant:
    """A site with what it makes first."""

    site: str
    stage: str
    country: str
    product: str


def write_network(folder: Path, sites: int, seed: int) -> dict[str, int]:
    """Write an invented network.

    Parameters
    ----------
    folder
        Where the tables go; it is made if need be.
    sites
        How many plants, `LEAST_SITES` or more.
    seed
        The same seed gives the same bytes.

    Returns
    -------
    Sites by stage.

    Raises
    ------
    ValueError
        If there are too few sites for a chain, or too many.
    """
    if not LEAST_SITES <= sites <= MOST_SITES:
        raise ValueError(f"{sites} sites; an invented network has {LEAST_SITES} to {MOST_SITES:,}")
    rng = np.random.default_rng(seed)
    tables = Tables()
    stages = _plants(rng, sites)
    _fixed_rows(tables, sites, seed)
    for plants in stages.values():
        for plant in plants:
            _site_rows(tables, rng, plant)
    need = _demand(tables, rng, stages["oem"])
    for above, below in reversed(list(pairwise(STAGES))):
        asked = _buy(tables, rng, stages[above], stages[below], need)
        need = {}
        for plant in stages[above]:
            made = asked.get((plant.site, plant.product), 0.0)
            _line_rows(tables, rng, plant, made)
            need |= {(plant.site, name): made * each for name, each in _inputs(plant).items()}
    _travel(tables, stages)
    tables.write(folder)
    return {stage: len(plants) for stage, plants in stages.items()}


def _plants(rng: np.random.Generator, sites: int) -> dict[str, list[Plant]]:
    counts = [max(1, round(sites * part)) for part in PART_OF_SITES]
    counts[4] = max(counts[4], len(PARTS))
    counts[5] = sites - sum(counts[:5])
    width = len(str(sites))
    stages: dict[str, list[Plant]] = {}
    for stage, count in zip(STAGES, counts, strict=True):
        countries = rng.choice(WHERE[stage].split(), count)
        made = MADE[stage] if stage == "tier1" else MADE[stage][:1]
        stages[stage] = [
            Plant(f"{stage}_{i:0{width}d}", stage, str(countries[i]), made[i % len(made)])
            for i in range(count)
        ]
    return stages


def _fixed_rows(tables: Tables, sites: int, seed: int) -> None:
    for key, text in (
        ("title", f"Invented network of {sites} sites, seed {seed}"),
        ("elements", "neodymium dysprosium"),
        ("tracked", "CN"),
    ):
        tables.add("network", key, text, "", "", "text", "A_invented", "", "")
    for name, title, form, unit, contents in MATERIALS:
        tables.add("materials", name, title, form, unit)
        basis = BASIS.get(form, "kg/kg")
        for element, value in contents.items():
            spread = 0.0 if value == 1.0 else 0.1
            keys = (name, element)
            tables.figure("contents", *keys, value=value, spread=spread, unit=basis, source="A_composition")
    for part in PARTS:
        tables.add("materials", part, part.replace("_", " ").capitalize(), "component", "unit")
    tables.add("materials", "car", "Car", "goods", "unit")
    for code, (name, *_) in COUNTRIES.items():
        tables.add("countries", code, name, "")
    for row in ASSUMPTIONS:
        tables.add("assumptions", *row)
    tables.add("sources", "invented", "sim new network", "this program", "", "", "dataset", "nothing is real")


def _site_rows(tables: Tables, rng: np.random.Generator, plant: Plant) -> None:
    _, _, latitude, longitude = COUNTRIES[plant.country]
    spot = (f"{latitude + rng.uniform(-3, 3):.2f}", f"{longitude + rng.uniform(-3, 3):.2f}")
    name = plant.site.replace("_", " ").capitalize()
    end_use = "civil" if plant.stage == "oem" else ""
    place = (plant.country, *spot, "degree", "")
    tables.add("sites", plant.site, name, *place, plant.stage, end_use, "A_invented")


def _demand(
    tables: Tables, rng: np.random.Generator, builders: Sequence[Plant]
) -> dict[tuple[str, str], float]:
    """Write the builders' lines; return what each needs of each component [unit/yr]."""
    need: dict[tuple[str, str], float] = {}
    for plant in builders:
        line, plan = f"{plant.site}_line", float(np.round(1e5 * rng.lognormal(0.0, 0.8)))
        tables.add("lines", line, plant.site, "build", plant.product)
        figures = {"source": "A_demand", "spread": 0.1}
        tables.figure("line_figures", line, "plan", value=plan, unit="unit/yr", **figures)  # type: ignore[arg-type]
        tables.figure("line_figures", line, "overtime_share", value=0.1, spread=0.5, unit="share",
                      source="A_room")  # fmt: skip
        tables.figure("recipes", line, "output", plant.product, value=1.0, spread=0.0, unit="unit/unit",
                      source="A_recipe")  # fmt: skip
        for part in PARTS:
            quantity = 2.0 if part == "traction_motor" else 1.0
            tables.figure("recipes", line, "input", part, value=quantity, spread=0.2, unit="unit/unit",
                          source="A_recipe")  # fmt: skip
            _cover(tables, rng, plant.site, part, "input", 15.0, 60.0)
            need[plant.site, part] = plan * quantity
    return need


def _cover(
    tables: Tables, rng: np.random.Generator, site: str, material: str, role: str, low: float, high: float
) -> None:
    days = float(np.round(rng.uniform(low, high)))
    tables.figure("stocks", site, material, role, value=days, spread=0.3, unit="d", source="A_stock")


def _buy(
    tables: Tables,
    rng: np.random.Generator,
    above: Sequence[Plant],
    below: Sequence[Plant],
    need: dict[tuple[str, str], float],
) -> dict[tuple[str, str], float]:
    """Write the lanes between two stages; return what is asked of each supplier, by material."""
    asked: dict[tuple[str, str], float] = defaultdict(float)
    makers: dict[str, list[Plant]] = defaultdict(list)
    for plant in above:
        makers[plant.product].append(plant)
    materials: dict[str, list[str]] = defaultdict(list)
    for site, material in need:
        materials[site].append(material)
    following: dict[str, int] = defaultdict(int)
    buyers = Counter(name for names in materials.values() for name in names)
    for plant in below:
        bought = materials[plant.site]
        # Two oxides come from the same plants in the same shares, so that one separation serves both.
        for product in [name for name in bought if name in makers]:
            sellers = makers[product]
            turn = following[product]
            following[product] += 1
            chosen = _sellers(rng, turn, buyers[product], len(sellers))
            shares = rng.uniform(0.2, 1.0, len(chosen))
            shares /= shares.sum()
            together = [name for name in bought if name == product or name not in makers]
            for i, share in zip(chosen, shares, strict=True):
                for material in together:
                    _lane_rows(tables, rng, sellers[i], plant, material, float(share))
                    asked[sellers[i].site, material] += float(share) * need[plant.site, material]
    return asked


def _sellers(rng: np.random.Generator, turn: int, buyers: int, sellers: int) -> list[int]:
    """Return the numbers of a buyer's suppliers: one by turn, so that all have a buyer, and up to two more.

    Firms trade in circles: the others are neighbours of the first, but one in ten is anywhere.
    """
    first = turn * sellers // buyers if sellers < buyers else turn % sellers
    chosen = {first}
    for _ in range(int(rng.integers(0, MOST_SUPPLIERS))):
        if rng.random() < STRANGERS:
            chosen.add(int(rng.integers(0, sellers)))
        else:
            chosen.add((first + int(rng.integers(-CIRCLE, CIRCLE + 1))) % sellers)
    return sorted(chosen)


def _lane_rows(
    tables: Tables, rng: np.random.Generator, seller: Plant, buyer: Plant, material: str, share: float
) -> None:
    lane = f"{seller.site}__{buyer.site}__{material}"
    corridor = f"{seller.country}_{buyer.country}".lower()
    keys = (lane, seller.site, buyer.site, material, corridor)
    tables.figure("lanes", *keys, value=share, spread=0.3, unit="share", source="A_share")
    fits = float(np.round(rng.uniform(0.4, 1.0), 2))
    keys = (lane, "interchangeable_share")  # type: ignore[assignment]
    tables.figure("lane_figures", *keys, value=fits, spread=0.3, unit="share", source="A_fits")


def _inputs(plant: Plant) -> dict[str, float]:
    """Return what a maker needs per unit of its product [tonne/tonne, or tonne/unit]."""
    if plant.stage == "tier1":
        return {"magnet": PARTS[plant.product] / 1000.0}
    return NEEDS.get(plant.product, {})


def _line_rows(tables: Tables, rng: np.random.Generator, plant: Plant, asked: float) -> None:
    """Write the line of a maker that is asked for so much a year, and its stocks."""
    line, product = f"{plant.site}_line", plant.product
    is_mine, unit = plant.stage == "mining", "unit/yr" if plant.stage == "tier1" else "t/yr"
    drivers = " ".join(MADE["separation"]) if plant.stage == "separation" else product
    tables.add("lines", line, plant.site, "mine" if is_mine else "plant", drivers)
    room = float(rng.uniform(1.15, 1.6))
    tables.figure("line_figures", line, "capacity", value=max(asked, 1.0) * room, spread=0.05, unit=unit,
                  source="A_room")  # fmt: skip
    per = "unit/unit" if plant.stage == "tier1" else "t/t"
    tables.figure("recipes", line, "output", product, value=1.0, spread=0.0, unit=per, source="A_recipe")
    if is_mine:
        tables.figure("line_figures", line, "plan", value=asked, spread=0.2, unit=unit, source="A_demand")
    if plant.stage == "separation":
        second = MADE["separation"][1]
        tables.figure("recipes", line, "output", second, value=DYSPROSIUM_PER_NDPR, spread=0.1, unit="t/t",
                      source="A_recipe")  # fmt: skip
        tables.add("recipes", line, "surplus_sell", second, "", "", "", "", "", "", "")
    per = "t/unit" if plant.stage == "tier1" else "t/t"
    for material, quantity in _inputs(plant).items():
        tables.figure("recipes", line, "input", material, value=quantity, spread=0.05, unit=per,
                      source="A_recipe")  # fmt: skip
        _cover(tables, rng, plant.site, material, "input", 10.0, 45.0)
    for name in drivers.split():
        _cover(tables, rng, plant.site, name, "output", 5.0, 20.0)


def _travel(tables: Tables, stages: dict[str, list[Plant]]) -> None:
    """Write a route and a corridor for each pair of countries that trade."""
    country = {plant.site: plant.country for plants in stages.values() for plant in plants}
    lanes = tables.rows["lanes"]
    pairs: Iterable[tuple[str, str]] = {(country[str(row[1])], country[str(row[2])]) for row in lanes}
    for origin, target in sorted(pairs):
        name, is_home = f"{origin}_{target}".lower(), origin == target
        regions = sorted((COUNTRIES[origin][1], COUNTRIES[target][1]))
        straits = STRAITS.get((regions[0], regions[1]), ())
        passes = (origin,) if is_home else (origin, *straits, target)
        here, there = COUNTRIES[origin][0], COUNTRIES[target][0]
        title = f"Inside {here}" if is_home else f"{here} to {there}"
        tables.add("routes", name, title, "road" if is_home else "sea", " ".join(passes))
        days = 2.0 if is_home else float(round(4.0 + _kilometres(origin, target) / 600.0))
        tables.figure("route_figures", name, "days", value=days, spread=0.3, unit="d", source="A_transit")
        tables.figure("corridors", name, name, value=1.0, spread=0.0, unit="share", source="A_transit")


def _kilometres(origin: str, target: str) -> float:
    """Return the great-circle distance of two countries' middles [km]."""
    (_, _, lat, lon), (_, _, other_lat, other_lon) = COUNTRIES[origin], COUNTRIES[target]
    one, two = math.radians(lat), math.radians(other_lat)
    cosine = math.sin(one) * math.sin(two)
    cosine += math.cos(one) * math.cos(two) * math.cos(math.radians(lon - other_lon))
    return 6371.0 * math.acos(max(-1.0, min(1.0, cosine)))
