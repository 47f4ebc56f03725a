"""Memory that is used again: never while anybody holds it, and nothing of an earlier run shows."""

from __future__ import annotations

import gc

import numpy as np

from sim.engine import simulate
from sim.engine.rooms import EACH, room
from sim.testing import serial_chain, small_case

SHAPE = (3, 7, 11)


def test_an_array_is_lent_again_only_when_nobody_holds_it_or_a_view_of_it() -> None:
    first = room(SHAPE)
    place = first.__array_interface__["data"][0]
    view = first[1].view(np.float64)[2:]
    del first
    other = room(SHAPE)
    assert not np.shares_memory(other, view)
    del view, other
    lent = {room(SHAPE).__array_interface__["data"][0] for _ in range(5)}
    assert lent == {place}


def test_more_arrays_than_are_kept_are_arrays_of_their_own() -> None:
    held = [room((5, 5, 5)) for _ in range(EACH + 3)]
    for number, array in enumerate(held):
        array.fill(number)
    assert [int(array[0, 0, 0]) for array in held] == list(range(EACH + 3))


def test_a_trajectory_that_is_held_stays_as_it_is_and_the_next_one_shows_nothing_of_it() -> None:
    plain = small_case(serial_chain([20.0, 30.0], [8, 12]), 60)
    busy = small_case(serial_chain([20.0, 30.0], [8, 12], plan=99.0), 60)
    held = simulate(plain, in_detail=False)
    made, stock = held.line_made.copy(), held.on_hand.copy()
    for _ in range(3):
        assert simulate(busy, in_detail=False).line_made.max() > made.max()
    np.testing.assert_array_equal(held.line_made, made)
    np.testing.assert_array_equal(held.on_hand, stock)
    del held
    gc.collect()
    again = simulate(plain, in_detail=False)
    np.testing.assert_array_equal(again.line_made, made)
    np.testing.assert_array_equal(again.on_hand, stock)
