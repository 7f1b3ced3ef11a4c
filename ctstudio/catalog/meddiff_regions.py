"""The three regions of the body that MedDiff-FM knows, and the range of HU that it sees of each."""

from __future__ import annotations

from types import MappingProxyType

from ctstudio.core.windows import Window

WINDOWS = MappingProxyType({"head": Window(50, 400), "chest": Window(-500, 1800), "abdomen": Window(60, 360)})
"""By region, in the order of the model's region classes. Source: MedDiff-FM, section IV-A."""
REGIONS = tuple(WINDOWS)
