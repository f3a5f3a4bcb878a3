"""The modified z-score: the published example, what has no scale, and rows against earlier tables."""

from __future__ import annotations

import statistics
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiangji.checking import jumps

NAN = float("nan")


def z_of(value: float, sample: list[float], least: int = jumps.LEAST) -> tuple[float, float, float]:
    found = jumps.modified_z(np.array([value]), np.array([sample]), least)
    z, low, high = (float(a[0]) for a in found)
    return z, low, high


def test_the_golden_case() -> None:
    """Values 31, 34, 38, 81, 39, 33: median 36, MAD 3, and 81 lies 10.118 away."""
    z, low, high = z_of(81, [31, 34, 38, 81, 39, 33])
    assert z == pytest.approx(10.1175)  # 10.118
    assert round((low + high) / 2, 6) == 36
    assert round((high - low) / 2 * jumps.SCALE / jumps.THRESHOLD, 6) == 3


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        ([5, 5, 5, 5, 5, 9], "most do not move: MAD 0"),
        ([1, 2, 3, 4, 5], "five are no history"),
        ([1, 2, 3, 4, 5, NAN, NAN], "what is missing is no value"),
    ],
)
def test_without_a_history_there_is_no_score(sample: list[float], why: str) -> None:
    assert all(np.isnan(z_of(100, sample))), why


def test_a_missing_value_has_no_score_but_a_usual_range() -> None:
    z, low, high = z_of(NAN, [1, 2, 3, 4, 5, 6])
    assert np.isnan(z)
    assert low < 1
    assert high > 6


@given(
    st.lists(st.integers(0, 50), min_size=6, max_size=12),
    st.integers(0, 200),
    st.integers(0, 4),
)
def test_it_is_what_the_definition_says(sample: list[int], value: int, gaps: int) -> None:
    median = statistics.median(sample)
    mad = statistics.median(abs(x - median) for x in sample)
    z, low, high = z_of(value, [*map(float, sample), *[NAN] * gaps])
    if mad == 0:
        assert np.isnan(z)
    else:
        assert z == pytest.approx(0.6745 * abs(value - median) / mad)
        assert (z <= 3.5 + 1e-9) == (low - 1e-9 <= value <= high + 1e-9)


def numbers(*values: int | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.int64())])


def test_rows_meet_their_own_history() -> None:
    earlier = [numbers(n, 200, None) for n in (31, 34, 38, 40, 39, 33)]
    z, low, high = jumps.against(numbers(81, 900, 5), earlier)
    assert z[0].as_py() > jumps.THRESHOLD
    assert low[0].as_py() < 31 < 40 < high[0].as_py()
    assert [z[1].as_py(), z[2].as_py()] == [None, None]  # one that never moved, one that is new
    assert jumps.against(numbers(1, 2, None), [])[0].null_count == 3


def test_a_year_of_thousands_of_rows_takes_no_time() -> None:
    n = 5_000
    rng = np.random.default_rng(1)
    values, *earlier = (
        pa.chunked_array([pa.array(rng.integers(1, 99, n))]) for _ in range(jumps.PERIODS + 1)
    )
    started = time.perf_counter()
    z, _, _ = jumps.against(values, earlier)
    assert len(z) == n
    assert time.perf_counter() - started < 1  # about 0.03 s
