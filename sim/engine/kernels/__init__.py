"""The compiled inner loop: one file per phase of the day, put in order in `day`."""
