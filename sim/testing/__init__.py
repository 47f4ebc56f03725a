"""Small networks and cases for tests, written in a few lines of Python.

Published so that users can test their own networks and interventions with the same tools:
`networks` builds by hand, `strategies` (needs hypothesis) builds at random. Neither runs anything.
"""

from sim.testing.networks import START, Sketch, day, serial_chain, small_case, two_suppliers

__all__ = ["START", "Sketch", "day", "serial_chain", "small_case", "two_suppliers"]
