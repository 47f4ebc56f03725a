"""What every test shares: hypothesis profiles, and the rule that theory never depends on luck."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Kernels compile on first use, which no deadline could foresee.
settings.register_profile(
    "everyday",
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long", parent=settings.get_profile("everyday"), max_examples=500, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))
