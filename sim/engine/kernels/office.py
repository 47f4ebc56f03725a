"""A week of an authority: what it takes in, what it decides, and whose patience ends.

The desk is one server: it takes the applications that are examined, first by class of priority, then by
day, and needs ``7 / decisions_per_week`` days for each licence. What it decides are rows that `licences`
carries out on their day.
"""

from __future__ import annotations

import math

from sim.engine.arrays import Ints, State
from sim.engine.books import AT_DESK, COMING, NOWHERE, Books
from sim.engine.jit import direct, helper
from sim.engine.kernels.licences import GRANT, GRANT_LATE, LAPSE, OVERDUE, REFUSE, REFUSE_LATE

WEEK = 7.0
DONE, GROW_LUCK = range(2)
LEAST_PART = 1e-6
"""Part of an application that is not filed anew: a mean that is refused time and again would never end."""
SPECK = 1e-9
"""Part of a day that is rounding: a decision takes effect on the morning after it."""


@direct
def meet(books: Books, state: State, today: int) -> int:
    """Take in what was ordered and decide until a week from today (counted from the scenario's first day).

    Returns GROW_LUCK, before anything has happened, if lanes want more luck than is drawn; else DONE.
    """
    drop_void(books, state)
    if is_short_of_luck(books, state):
        return GROW_LUCK
    granted = books.week.granted[0]
    books.week.delay_days[0] = 0.0
    take_in(books, state)
    decide(books, state, today)
    give_up(books, state, today + WEEK)
    granted = books.week.granted[0] - granted
    books.week.delay_days[0] = books.week.delay_days[0] / granted if granted > 0.0 else math.nan
    add_up(books, state, today)
    return DONE


@helper
def drop_void(books: Books, state: State) -> None:
    """Forget applications on lanes where the rule was lifted; what was granted before is history."""
    is_changed = False
    for place in range(len(books.lanes)):
        lane = books.lanes.lane[place]
        if state.lanes.round[lane] != books.lanes.round[place]:
            books.lanes.round[place] = state.lanes.round[lane]
            books.lanes.granted[place] = state.lanes.granted[lane]
            is_changed = True
    if not is_changed:
        return
    waiting = 0
    for row in range(books.sums.pending[0]):
        if books.pending.where[row] == NOWHERE:
            continue
        if books.pending.round[row] != books.lanes.round[books.pending.place[row]]:
            forget(books, row)
        elif books.pending.where[row] == AT_DESK:
            rise(books, books.heap, waiting, row, True)
            waiting += 1
    books.sums.desk[0] = waiting


@helper
def forget(books: Books, row: int) -> None:
    """Clear an application's row for another one."""
    books.pending.where[row] = NOWHERE
    books.free[books.sums.free[0]] = row
    books.sums.free[0] += 1


@helper
def new_row(books: Books) -> int:
    """Return a row for an application."""
    if books.sums.free[0] > 0:
        books.sums.free[0] -= 1
        return books.free[books.sums.free[0]]
    row = books.sums.pending[0]
    books.sums.pending[0] = row + 1
    return row


@helper
def is_short_of_luck(books: Books, state: State) -> bool:
    """Tell whether lanes may file more applications this week than have their luck: each may be refused."""
    books.lanes.wanted[:] = 0
    for row in range(books.sums.pending[0]):
        if books.pending.where[row] != NOWHERE:
            books.lanes.wanted[books.pending.place[row]] += 1
    is_short = False
    for place in range(len(books.lanes)):
        if state.lanes.unfiled[books.lanes.lane[place]] > 0.0:
            books.lanes.wanted[place] += 2
        if books.lanes.wanted[place] > 0:
            books.lanes.wanted[place] += books.lanes.count[place]
            is_short = is_short or books.lanes.wanted[place] > books.lanes.drawn[place]
    return is_short


@helper
def take_in(books: Books, state: State) -> None:
    """File an application for what was ordered on each lane since the office last looked."""
    for place in range(len(books.lanes)):
        lane = books.lanes.lane[place]
        tonnes = state.lanes.unfiled[lane]
        if tonnes > 0.0:
            ordered = state.lanes.unfiled_days[lane] / tonnes - books.rule.first_day[0]
            state.lanes.unfiled[lane] = 0.0
            state.lanes.unfiled_days[lane] = 0.0
            books.week.filed[0] += tonnes
            books.lanes.filed[place] += tonnes
            row = new_row(books)
            write_application(books, row, place, tonnes, ordered, ordered, 1.0)
            books.pending.round[row] = state.lanes.round[lane]
            books.pending.is_overdue[row] = 0


@helper
def write_application(
    books: Books, row: int, place: int, tonnes: float, ordered: float, filed: float, weight: float
) -> None:
    """Write a new application of a lane into a row."""
    number = books.lanes.count[place]
    books.lanes.count[place] = number + 1
    prepared = filed + books.luck.preparing[place, number]
    books.pending.place[row] = place
    books.pending.tonnes[row] = tonnes
    books.pending.ordered[row] = ordered
    books.pending.prepared[row] = prepared
    books.pending.ready[row] = prepared + books.luck.processing[place, number] * books.lanes.slowness[place]
    books.pending.number[row] = number
    books.pending.is_returned[row] = 0
    books.pending.where[row] = COMING
    books.pending.weight[row] = weight


@helper
def decide(books: Books, state: State, today: int) -> None:
    """Serve the desk until a week from today; who waits there stays there from week to week."""
    per_week, until = books.rule.per_week[0], today + WEEK
    if per_week <= 0.0:
        books.sums.free_from[0] = until  # whoever waits now is not decided before reviews go on
        return
    count = sort_due(books, until)
    first, waiting = 0, books.sums.desk[0]
    while first < count or waiting > 0:
        free = books.sums.free_from[0]
        if waiting == 0:
            free = max(free, books.pending.ready[books.coming[first]])
        while first < count and books.pending.ready[books.coming[first]] <= free:
            books.pending.where[books.coming[first]] = AT_DESK
            rise(books, books.heap, waiting, books.coming[first], True)
            waiting += 1
            first += 1
        row = books.heap[0]
        day = slot(books, row)
        if day >= until - SPECK:
            break
        pop(books, books.heap, waiting, True)
        waiting -= 1
        if per_week < math.inf:
            books.sums.free_from[0] = day
        settle(books, state, row, max(day, float(today)))
    if waiting > 0 and books.pending.ready[books.heap[0]] > books.sums.free_from[0]:
        # They came to an idle desk and are not examined yet: who is, next week, may go before them.
        for place in range(waiting):
            books.pending.where[books.heap[place]] = COMING
        waiting = 0
    books.sums.desk[0] = waiting


@helper
def sort_due(books: Books, until: float) -> int:
    """Order what is examined before a day by the day on which it is (`coming`); return how many."""
    count = 0
    for row in range(books.sums.pending[0]):
        if books.pending.where[row] == COMING and books.pending.ready[row] < until:
            rise(books, books.due, count, row, False)
            count += 1
    for place in range(count):
        books.coming[place] = pop(books, books.due, count - place, False)
    return count


@helper
def slot(books: Books, row: int) -> float:
    """Return the day on which an application would be decided, were it the next one."""
    licences = max(math.ceil(books.pending.tonnes[row] / books.rule.licence_tonnes[0]), 1)
    days = books.pending.weight[row] * licences * WEEK / books.rule.per_week[0]
    return max(books.sums.free_from[0], books.pending.ready[row]) + days


@helper
def settle(books: Books, state: State, row: int, day: float) -> None:
    """Write down what is decided; what follows from it, another application or its return, takes the row."""
    place, number = books.pending.place[row], books.pending.number[row]
    if (
        books.pending.is_returned[row] == 0
        and books.luck.chance_returned[place, number] < books.rule.returned_share[0]
    ):
        books.pending.is_returned[row] = 1
        books.pending.ready[row] = day + books.luck.returned[place, number]
        books.pending.where[row] = COMING
        return
    share, weight = books.lanes.approval[place], books.pending.weight[row]
    if books.rule.is_certain[0] == 0:
        share = 1.0 if books.luck.chance_granted[place, number] < share else 0.0
    elif weight * (1.0 - share) < LEAST_PART:
        share = 1.0
    tonnes, ordered = books.pending.tonnes[row], books.pending.ordered[row]
    granted = tonnes * share
    refused = tonnes - granted
    effect = math.ceil(day - SPECK)
    waited = max(effect - ordered, 0.0)
    is_overdue = books.pending.is_overdue[row]
    if granted > 0.0:
        grant(books, state, place, granted, effect, waited, is_overdue)
    if refused <= 0.0:
        forget(books, row)
        return
    books.week.refused[0] += refused
    if books.rule.is_final[0] == 1:
        what = REFUSE_LATE if is_overdue == 1 else REFUSE
        write_decision(books, state, effect, place, what, refused, waited)
        forget(books, row)
        return
    write_application(books, row, place, refused, ordered, day, weight * (1.0 - share))


@helper
def grant(
    books: Books, state: State, place: int, granted: float, effect: int, waited: float, is_overdue: int
) -> None:
    """Write down a grant, and when it lapses."""
    write_decision(books, state, effect, place, GRANT_LATE if is_overdue == 1 else GRANT, granted, waited)
    books.week.granted[0] += granted
    books.week.delay_days[0] += granted * waited  # divided by the week's tonnes at its end
    books.lanes.granted[place] += granted
    if books.rule.validity[0] < math.inf:
        lapses = math.ceil(effect + books.rule.validity[0])
        write_decision(books, state, lapses, place, LAPSE, books.lanes.granted[place], 0.0)


@helper
def write_decision(
    books: Books, state: State, day: int, place: int, what: int, quantity: float, days: float
) -> None:
    """Write a row that is carried out on its day."""
    row = state.decision_count[0]
    state.decisions.day[row] = books.rule.first_day[0] + day
    state.decisions.lane[row] = books.lanes.lane[place]
    state.decisions.what[row] = what
    state.decisions.quantity[row] = quantity
    state.decisions.days[row] = days
    state.decision_count[0] = row + 1


@helper
def give_up(books: Books, state: State, until: float) -> None:
    """Note which applications outlast their buyer's patience before the office meets again."""
    for row in range(books.sums.pending[0]):
        if books.pending.where[row] == NOWHERE:
            continue
        place = books.pending.place[row]
        day = books.pending.ordered[row] + books.lanes.patience[place]
        if books.pending.is_overdue[row] == 0 and day < until - SPECK:
            late = math.ceil(day - SPECK)
            write_decision(books, state, late, place, OVERDUE, books.pending.tonnes[row], 0.0)
            books.pending.is_overdue[row] = 1


@helper
def add_up(books: Books, state: State, today: int) -> None:
    """Count what is with the sellers, with the office, and back for information; what was used and lapsed."""
    preparing = in_queue = returned = 0.0
    for row in range(books.sums.pending[0]):
        if books.pending.where[row] == NOWHERE:
            continue
        tonnes = books.pending.tonnes[row]
        if today < books.pending.prepared[row]:
            preparing += tonnes
        elif books.pending.is_returned[row] == 1 and today < books.pending.ready[row]:
            returned += tonnes
        else:
            in_queue += tonnes
    used = lapsed = waiting = 0.0
    for place in range(len(books.lanes)):
        lane = books.lanes.lane[place]
        used += state.lanes.used[lane] - books.lanes.used_before[place]
        lapsed += state.lanes.lapsed[lane] - books.lanes.lapsed_before[place]
        waiting += state.lanes.waiting[lane] + state.lanes.overdue[lane]
    books.week.day[0] = today
    books.week.preparing[0], books.week.in_queue[0], books.week.returned[0] = preparing, in_queue, returned
    books.week.lapsed[0], books.week.shipped[0], books.week.waiting[0] = lapsed, used - lapsed, waiting


@helper
def is_before(books: Books, row: int, other: int, by_rank: bool) -> bool:
    """Tell which of two applications comes first: by class of priority if asked, then by day."""
    place, second = books.pending.place[row], books.pending.place[other]
    if by_rank and books.lanes.rank[place] != books.lanes.rank[second]:
        return books.lanes.rank[place] < books.lanes.rank[second]
    if books.pending.ready[row] != books.pending.ready[other]:
        return books.pending.ready[row] < books.pending.ready[other]
    if place != second:
        return books.lanes.lane[place] < books.lanes.lane[second]
    return books.pending.number[row] < books.pending.number[other]


@helper
def rise(books: Books, heap: Ints, place: int, row: int, by_rank: bool) -> None:
    """Let an application rise from a place of a heap, its end at first, to where it belongs."""
    while place > 0:
        parent = (place - 1) >> 1
        if not is_before(books, row, heap[parent], by_rank):
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = row


@helper
def pop(books: Books, heap: Ints, size: int, by_rank: bool) -> int:
    """Take the first application off a heap of so many; the way of the gap is that of Python's `heapq`."""
    top, row, end = heap[0], heap[size - 1], size - 1
    if end == 0:
        return top
    place, child = 0, 1
    while child < end:
        if child + 1 < end and not is_before(books, heap[child], heap[child + 1], by_rank):
            child += 1
        heap[place] = heap[child]
        place = child
        child = 2 * place + 1
    rise(books, heap, place, row, by_rank)
    return top
