"""A run, or several, as one HTML file for readers without the program: question, answer, doubt, sources.

The file holds all it shows: pictures are inside, no script runs, nothing is fetched. `make.report` is
`sim.report`; the package has another name than the function so that neither hides the other.
"""

from sim.reports.make import report, write_report

__all__ = ["report", "write_report"]
