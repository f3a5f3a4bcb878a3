"""Jumps against a unit's own history: the modified z-score, which odd values in the history do not distort.

In: a unit's value and its earlier ones. Out: z = 0.6745 |x - median| / MAD, where MAD is the median of |x_i - median|,
and the range in which z stays within the threshold. Source: B. Iglewicz and D. C. Hoaglin, How to Detect and Handle
Outliers (ASQC Basic References in Quality Control 16, 1993), who flag |z| above 3.5. The factor 0.6745 is the third
quartile of the standard normal distribution: with it, z compares with a standard deviation. A history that is too
short, or that does not move (MAD 0), gives no z.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from qiangji.catalogue.suites import USUAL_Z

THRESHOLD = USUAL_Z
SCALE = 0.6745
PERIODS = 12
"""How many earlier periods are looked at: a year of a monthly form."""
LEAST = 6
"""With fewer earlier values there is no z."""

Floats = np.ndarray[Any, np.dtype[np.float64]]


def modified_z(values: Floats, samples: Floats, least: int = LEAST) -> tuple[Floats, Floats, Floats]:
    """(z, low, high) of each value against its own sample; NaN where there is no z.

    `values`: n; `samples`: n x k, NaN where missing. From low to high, z stays within THRESHOLD.
    """
    median = _median(samples)
    mad = _median(np.abs(samples - median[:, None]))
    enough = (np.isfinite(samples).sum(axis=1) >= least) & (mad > 0)
    scale = np.where(enough, mad, np.nan)
    reach = THRESHOLD * scale / SCALE
    z: Floats = SCALE * np.abs(values - median) / scale
    return z, median - reach, median + reach


def against(values: pa.ChunkedArray, earlier: Sequence[pa.ChunkedArray]) -> tuple[pa.Array, ...]:
    """z, low and high of rows against their earlier values, as nullable float64 aligned with them."""
    if len(earlier) < LEAST:
        return (pa.nulls(len(values), pa.float64()),) * 3
    samples = np.full((len(values), len(earlier)), np.nan)
    for i, before in enumerate(earlier):
        samples[:, i] = _floats(before)
    return tuple(pa.array(a, from_pandas=True) for a in modified_z(_floats(values), samples))


def _floats(values: pa.ChunkedArray) -> Floats:
    found: Floats = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _median(samples: Floats) -> Floats:
    """The median of each row over its values that are not NaN (NaN sorts to the end); NaN for a row without any."""
    ordered = np.sort(samples, axis=1)
    counts = np.isfinite(samples).sum(axis=1)
    rows = np.arange(len(samples))
    low, high = ordered[rows, np.maximum(counts - 1, 0) // 2], ordered[rows, counts // 2]
    median: Floats = np.where(counts > 0, (low + np.where(counts % 2, low, high)) / 2, np.nan)
    return median
