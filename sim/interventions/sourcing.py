"""Shares of buyers' need that move from what they are to what a measure states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.interventions.base import World
from sim.interventions.instructions import Turn
from sim.interventions.levers import LEVERS

SOURCING = "lane_sourcing_share"


def normal_share(world: World, lane_id: str) -> float:
    """Return a lane's share of its buyer's need on a normal day."""
    return world.once(f"normal share of {lane_id}", lambda: _normal_share(world, lane_id))


def _normal_share(world: World, lane_id: str) -> float:
    lane = world.network.lanes[lane_id]
    into = sum(world.flow(other.lane_id) for other in world.network.lanes_into(lane.buyer, lane.material))
    return world.flow(lane_id) / into if into > 0.0 else lane.sourcing_share


def moved_shares(world: World, shares: Mapping[str, float], level: float) -> Iterator[Turn]:
    """Yield the turns that bring lanes a part of the way from their normal share to a stated one.

    Parameters
    ----------
    shares
        Share of its buyer's need that each lane has in the end, by lane id.
    level
        How much of the way is gone [share]; at 0 the lanes are as in the network.
    """
    for lane_id, share in sorted(shares.items()):
        normal = normal_share(world, lane_id)
        value = normal + level * (share - normal) if level > 0.0 else LEVERS[SOURCING].neutral
        yield Turn(SOURCING, (lane_id,), value)
