"""Orders that wait for an authority, and what its decisions do to them.

A lane under licence has a share of its new orders *waiting*: they keep their place, may not ship and
ask for no production. What the buyer's licence patience has outlasted is *overdue*: it no longer counts
in the buyer's position. A grant clears tonnes: they join the orders that may ship, with the days they
have waited, and use up the licence when they do. Whoever decides (`engine.authority`) writes rows of
`state.decisions`; here they are carried out on their day.
"""

from __future__ import annotations

from sim.engine.arrays import Levers, Net, State, Work
from sim.engine.jit import helper, kernel

GRANT, GRANT_LATE, OVERDUE, REFUSE, REFUSE_LATE, LAPSE = range(6)
"""Values of `decisions.what`; `_LATE` is about tonnes that are overdue already."""
NOTHING = 1e-12
"""What is left of a quantity is rounding when it is this small beside it."""


@helper
def carry_out_decisions(net: Net, state: State, work: Work, today: int) -> None:
    """Carry out the decisions of today, before anything is received."""
    work.lanes.granted[:] = 0.0
    work.lanes.given_up[:] = 0.0
    row = 0
    while row < state.decision_count[0]:
        if state.decisions.day[row] > today:
            row += 1
            continue
        carry_out(net, state, work, row, today)
        last = state.decision_count[0] - 1
        move_decision(state, last, row)
        state.decision_count[0] = last


@helper
def move_decision(state: State, row: int, to: int) -> None:
    """Copy a decision to another row."""
    state.decisions.day[to] = state.decisions.day[row]
    state.decisions.lane[to] = state.decisions.lane[row]
    state.decisions.what[to] = state.decisions.what[row]
    state.decisions.quantity[to] = state.decisions.quantity[row]
    state.decisions.days[to] = state.decisions.days[row]


@helper
def carry_out(net: Net, state: State, work: Work, row: int, today: int) -> None:
    """Carry out one decision."""
    lane, what = state.decisions.lane[row], state.decisions.what[row]
    quantity, days = state.decisions.quantity[row], state.decisions.days[row]
    if what == LAPSE:
        lapse(state, lane, quantity, today)
    elif what == OVERDUE:
        quantity = take_waiting(state, lane, quantity, False)
        state.lanes.overdue[lane] += quantity
        work.lanes.given_up[lane] += quantity
    else:
        quantity = take_waiting(state, lane, quantity, what == GRANT_LATE or what == REFUSE_LATE)
        state.lanes.waiting_days[lane] -= quantity * (today - days)
        if what == GRANT or what == GRANT_LATE:
            state.lanes.cleared[lane] += quantity
            state.lanes.cleared_days[lane] += quantity * days
            state.lanes.granted[lane] += quantity
            work.lanes.granted[lane] += quantity
            let_ship(net, state, lane, quantity, today)
        elif what == REFUSE:
            work.lanes.given_up[lane] += quantity


@helper
def let_ship(net: Net, state: State, lane: int, quantity: float, today: int) -> None:
    """Put tonnes among those that may ship: on the order book, or among goods sent unasked."""
    if net.lanes.pushed[lane] == 1:
        state.lanes.stale[lane] += quantity
        return
    if state.lanes.unshipped[lane] <= 0.0:
        state.lanes.order_oldest[lane] = today
    state.lanes.unshipped[lane] += quantity
    state.order_ring[today & (state.order_ring.shape[0] - 1), lane] += quantity


@helper
def take_waiting(state: State, lane: int, quantity: float, is_overdue: bool) -> float:
    """Take tonnes out of those that wait; return how many there were."""
    if is_overdue:
        taken = min(quantity, state.lanes.overdue[lane])
        rest = state.lanes.overdue[lane] - taken
        state.lanes.overdue[lane] = rest if rest > NOTHING * quantity else 0.0
    else:
        taken = min(quantity, state.lanes.waiting[lane])
        rest = state.lanes.waiting[lane] - taken
        state.lanes.waiting[lane] = rest if rest > NOTHING * quantity else 0.0
    return taken


@helper
def wait(state: State, lane: int, quantity: float, today: int) -> None:
    """Let ordered tonnes wait for the application that the seller will file."""
    state.lanes.waiting[lane] += quantity
    state.lanes.waiting_days[lane] += quantity * today
    state.lanes.unfiled[lane] += quantity
    state.lanes.unfiled_days[lane] += quantity * today


@helper
def file_for_licence(levers: Levers, state: State, lane: int, quantity: float, today: int) -> float:
    """Set aside the part of a new order that needs a licence; return what may ship without waiting.

    Tonnes that a licence of the lane still covers, because the order they were for is gone, need none.
    """
    share = levers.lanes.licensed_share[lane] * (1.0 - levers.lanes.exempt_share[lane])
    if share <= 0.0:
        return quantity
    covered = max(state.lanes.granted[lane] - state.lanes.used[lane] - state.lanes.cleared[lane], 0.0)
    cleared = min(covered, share * quantity)
    waits = share * quantity - cleared
    if waits <= NOTHING * quantity:
        cleared, waits = share * quantity, 0.0
    state.lanes.cleared[lane] += cleared
    wait(state, lane, waits, today)
    return quantity - waits


@helper
def use_licence(state: State, lane: int, quantity: float) -> float:
    """Use up licences for goods that ship now; return the mean days they had waited for them."""
    there = state.lanes.unshipped[lane] + state.lanes.stale[lane]
    part = min(quantity / there, 1.0) if there > 0.0 else 1.0
    used = state.lanes.cleared[lane] * part
    days = state.lanes.cleared_days[lane] * part
    state.lanes.used[lane] += used
    state.lanes.cleared[lane] -= used
    state.lanes.cleared_days[lane] -= days
    if state.lanes.cleared[lane] <= NOTHING * used:
        state.lanes.cleared[lane] = 0.0
        state.lanes.cleared_days[lane] = 0.0
    return days / quantity


@helper
def free_licence(state: State, lane: int, kept: float) -> None:
    """Set licences free whose orders are cancelled; `kept` is the share of the orders that stays."""
    state.lanes.cleared[lane] *= kept
    state.lanes.cleared_days[lane] *= kept


@helper
def lapse(state: State, lane: int, granted: float, today: int) -> None:
    """Let what is unused of the first `granted` tonnes lapse; orders it had cleared wait anew."""
    lapsed = max(granted - state.lanes.used[lane], 0.0)
    state.lanes.used[lane] += lapsed
    state.lanes.lapsed[lane] += lapsed
    left = max(state.lanes.granted[lane] - state.lanes.used[lane], 0.0)
    excess = state.lanes.cleared[lane] - left
    if excess <= NOTHING * granted:
        return
    free_licence(state, lane, left / state.lanes.cleared[lane])
    off_the_book(state, lane, excess, today)
    wait(state, lane, excess, today)


@helper
def off_the_book(state: State, lane: int, quantity: float, today: int) -> None:
    """Take tonnes off the orders that may ship, oldest first."""
    late = min(quantity, state.lanes.stale[lane])
    state.lanes.stale[lane] -= late
    left = quantity - late
    state.lanes.unshipped[lane] = max(state.lanes.unshipped[lane] - left, 0.0)
    length = state.order_ring.shape[0]
    day = state.lanes.order_oldest[lane]
    while left > 0.0 and day <= today:
        part = min(left, state.order_ring[day & (length - 1), lane])
        state.order_ring[day & (length - 1), lane] -= part
        left -= part
        day += 1


@kernel
def follow_licences(net: Net, levers: Levers, state: State, today: int) -> None:
    """Let open orders follow the levers: where more need a licence they wait, where none does they go."""
    for lane in range(len(net.lanes)):
        was = state.lanes.under_licence[lane]
        now = levers.lanes.licensed_share[lane] * (1.0 - levers.lanes.exempt_share[lane])
        state.lanes.under_licence[lane] = now
        if now <= 0.0 < was:
            release_orders(net, state, lane, today)
        elif now > was:
            hold_orders(state, lane, (now - was) / (1.0 - was), today)


@helper
def hold_orders(state: State, lane: int, share: float, today: int) -> None:
    """Make a share of a lane's open orders wait: the rule is in force from today."""
    there = state.lanes.unshipped[lane] + state.lanes.stale[lane]
    free = there - state.lanes.cleared[lane]
    if free > NOTHING * there and share > 0.0:
        off_the_book(state, lane, free * share, today)
        wait(state, lane, free * share, today)


@helper
def release_orders(net: Net, state: State, lane: int, today: int) -> None:
    """Let everything that waits ship: no licence is needed from today. Applications are void."""
    quantity = state.lanes.waiting[lane] + state.lanes.overdue[lane]
    state.lanes.cleared_days[lane] += quantity * today - state.lanes.waiting_days[lane]
    state.lanes.cleared[lane] += quantity
    state.lanes.granted[lane] = state.lanes.cleared[lane] + state.lanes.used[lane]
    state.lanes.waiting[lane] = 0.0
    state.lanes.overdue[lane] = 0.0
    state.lanes.waiting_days[lane] = 0.0
    state.lanes.unfiled[lane] = 0.0
    state.lanes.unfiled_days[lane] = 0.0
    state.lanes.round[lane] += 1
    if quantity > 0.0:
        let_ship(net, state, lane, quantity, today)
    kept = 0
    for row in range(state.decision_count[0]):
        if state.decisions.lane[row] != lane:
            move_decision(state, row, kept)
            kept += 1
    state.decision_count[0] = kept
