"""The levers an intervention may turn. Only the engine reads them, and only the engine moves mass.

Each lever has one row per lane, lane route, route, line, input of a line or bought material. When several
interventions turn the same row, `combine` says how their values meet; `neutral` is the value of a row
nobody has turned, and a lever at its neutral value changes not one bit of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Fallback(IntEnum):
    """Which open route takes the goods of a closed one."""

    LISTED = 0
    DAYS = 1
    CAPACITY = 2
    COST = 3
    NONE = 4


class UnderWay(IntEnum):
    """What happens to goods that are under way on a refused route."""

    LET_THROUGH = 0
    HELD = 1
    RETURNED = 2


@dataclass(frozen=True, slots=True)
class Lever:
    """A quantity the engine consults every day."""

    name: str
    rows: str
    """lane, lane_route, route, line, input (``line|material``) or group (``site|material``)"""
    neutral: float
    combine: str
    """min, max, sum, product or last"""
    meaning: str


LEVERS: dict[str, Lever] = {
    lever.name: lever
    for lever in (
        Lever("lane_flow_share", "lane", 1.0, "min",
              "largest daily shipment, as a share of the lane's normal flow; 1: no limit"),
        Lever("lane_sourcing_share", "lane", -1.0, "max",
              "normal share of the buyer's need from now on; -1: as in the network"),
        Lever("lane_licensed_share", "lane", 0.0, "max", "share of new orders that wait until cleared"),
        Lever("lane_exempt_share", "lane", 0.0, "max", "share of them that a general licence clears at once"),
        Lever("lane_quota_level", "lane", 0.0, "max",
              "force of the quotas of whoever turns it; 0: they neither bind nor count"),
        Lever("lane_accepts", "lane", 1.0, "min", "share of new orders the seller accepts; old ones ship"),
        Lever("lane_order_added", "lane", 0.0, "sum", "ordered beside what the buyer needs [unit/day]"),
        Lever("lane_cover_kept", "lane", 0.0, "max", "cover up to which the lane fills the stock [days]"),
        Lever("lane_released", "lane", 0.0, "max", "1: goods may leave although the lane is not qualified"),
        Lever("lane_served_after", "lane", 0.0, "max", "1: served after the seller's other lanes when short"),
        Lever("lane_preferred", "lane", 0.0, "max", "1: the first to step in where a lane failed"),
        Lever("lane_fallback", "lane", 0.0, "max", "which open route takes a closed one's goods (Fallback)"),
        Lever("route_open", "lane_route", 1.0, "min", "1: goods may leave by this route; 0: refused"),
        Lever("under_way", "lane_route", 0.0, "max", "what a refusal does to goods under way (UnderWay)"),
        Lever("route_days_added", "lane_route", 0.0, "sum", "days added to goods that leave now"),
        Lever("route_days_factor", "lane_route", 1.0, "product", "transit time multiplied by"),
        Lever("route_detour_share", "lane_route", 0.0, "max", "share of what leaves now that takes longer"),
        Lever("route_detour_days", "lane_route", 0.0, "max", "how much longer that share takes [days]"),
        Lever("route_capacity_share", "route", 1.0, "product", "share of the route's capacity left"),
        Lever("line_availability", "line", 1.0, "product", "share of the line's capacity that can run"),
        Lever("line_share", "line", -1.0, "max",
              "share of its site's output the line makes from now on; -1: as planned"),
        Lever("line_quota_level", "line", 0.0, "max",
              "force of the quotas of whoever turns it; 0: they neither bind nor count"),
        Lever("line_plan_factor", "line", 1.0, "product", "plan or demand multiplied by"),
        Lever("line_pace", "line", 1.0, "min", "progress of work on new capacity [days of work a day]"),
        Lever("input_factor", "input", 1.0, "product", "use of an input for a unit of output, multiplied by"),
        Lever("group_cover_added", "group", 0.0, "sum", "cover a buyer wants beyond its usual one [days]"),
        Lever("line_capacity_added", "line", 0.0, "sum", "capacity added [units per day]"),
    )
}
