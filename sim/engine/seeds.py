"""Seeds of many streams at once, the same as `numpy.random.SeedSequence` makes one by one.

An ensemble of the reference network opens some four hundred streams a replication, one per uncertain figure.
NumPy hashes the words of each in turn, which takes longer than to draw; here all are hashed side by side.
The hash is of M. E. O'Neill's `seed_seq_fe` (2015), with NumPy's constants; NumPy promises not to change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

Words = NDArray[np.uint32]

POOL = 4
"""Words of a stream's pool of entropy."""
FIRST_IN, GROWTH_IN = 0x43B0D7E5, 0x931E8875
FIRST_OUT, GROWTH_OUT = 0x8B51F9DD, 0x58F38DED
LEFT, RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
HALF = np.uint32(16)
MASK = 0xFFFFFFFF


def seeded(words: Words) -> Iterator[np.random.Generator]:
    """Return a generator per row of words: that of ``PCG64(SeedSequence(row))``.

    Parameters
    ----------
    words
        Entropy of each stream, shape (stream, word).
    """
    for row in _seeds(words):
        made: Any = _Made(row)  # numpy takes any ISeedSequence; its types know the usual one
        yield np.random.Generator(np.random.PCG64(made))


class _Made(ISeedSequence):
    """Words that have been made already."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self.words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        """Return the words; a PCG64 asks for four of 64 bits."""
        assert n_words == len(self.words)
        assert np.dtype(dtype) == np.uint64
        return self.words


def _seeds(words: Words) -> NDArray[np.uint64]:
    """Return what a PCG64 is seeded with, shape (stream, 4)."""
    count = words.shape[1]
    hashed = _hash(FIRST_IN, GROWTH_IN)
    none = np.zeros(len(words), dtype=np.uint32)
    pool = [hashed(words[:, i] if i < count else none) for i in range(POOL)]
    for source in range(POOL):
        for target in range(POOL):
            if source != target:
                pool[target] = _mixed(pool[target], hashed(pool[source]))
    for source in range(POOL, count):
        for target in range(POOL):
            pool[target] = _mixed(pool[target], hashed(words[:, source]))
    drawn = _hash(FIRST_OUT, GROWTH_OUT)
    made = np.stack([drawn(pool[i % POOL]) for i in range(2 * POOL)], axis=1)
    # The lower word of 64 bits comes first, whatever the order of bytes here.
    return made[:, 0::2].astype(np.uint64) | made[:, 1::2].astype(np.uint64) << np.uint64(32)


def _hash(first: int, growth: int) -> Callable[[Words], Words]:
    """Return a hash of words whose constant grows from call to call."""
    constant = first

    def hashed(value: Words) -> Words:
        nonlocal constant
        value = value ^ np.uint32(constant)
        constant = constant * growth & MASK
        value = value * np.uint32(constant)
        return value ^ value >> HALF

    return hashed


def _mixed(one: Words, other: Words) -> Words:
    value = LEFT * one - RIGHT * other
    return value ^ value >> HALF
