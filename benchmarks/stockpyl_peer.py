"""The common workload in stockpyl: four serial systems under base-stock policies, period by period.

Shipments to the buyer of the banned site are paused while the ban lasts. Its customers' demand is normal
without the cut at zero, which at five standard deviations happens once in some millions of days.
"""

from __future__ import annotations

from stockpyl.disruption_process import DisruptionProcess
from stockpyl.sim import simulation
from stockpyl.supply_chain_network import serial_system

from benchmarks.workload import (
    BAN_DAYS,
    BAN_START_DAY,
    BANNED_SITE,
    COVER_DAYS,
    DEMAND_MEAN,
    DEMAND_SD,
    HORIZON_DAYS,
    TRANSIT_DAYS,
    Outcome,
)


def replicate(seed: int) -> Outcome:
    """Run one replication and report the stock-outs of column 0."""
    owed: list[bool] = []
    for column in range(4):
        days = [row[column] for row in TRANSIT_DAYS]
        levels = [DEMAND_MEAN * (transit + 1 + COVER_DAYS) for transit in days]
        system = serial_system(
            4, node_order_in_system=[1, 2, 3, 4], node_order_in_lists=[1, 2, 3, 4],
            shipment_lead_time=days, policy_type="BS", base_stock_level=levels, demand_type="N",
            mean=DEMAND_MEAN, standard_deviation=DEMAND_SD, local_holding_cost=0.0, stockout_cost=0.0,
        )  # fmt: skip
        if column == BANNED_SITE[1]:
            states = [BAN_START_DAY <= day < BAN_START_DAY + BAN_DAYS for day in range(HORIZON_DAYS)]
            system.get_node_from_index(BANNED_SITE[0] + 2).disruption_process = DisruptionProcess(
                random_process_type="E", disruption_type="SP", disruption_state_list=states
            )
        quiet = {"progress_bar": False, "consistency_checks": "N"}
        simulation(system, HORIZON_DAYS, rand_seed=4 * seed + column, **quiet)
        if column == 0:
            last = system.get_node_from_index(4)
            levels_left = [last.state_vars[day].inventory_level for day in range(HORIZON_DAYS)]
            owed = [min(level.values()) < -1e-6 for level in levels_left]  # by product; there is one
    return Outcome.of(owed)
