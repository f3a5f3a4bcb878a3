"""Figures as they are printed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiangji.cli.printing import number
from qiangji.figures.comparison import signed


@pytest.mark.parametrize(
    ("value", "printed"),
    [("78.125", "78.13"), ("78.135", "78.14"), ("78.124999", "78.12"), ("-78.125", "-78.13"), ("0.005", "0.01"),
     ("-0.004", "0.00"), ("1234567.885", "1,234,567.89"), ("2.675", "2.68"), ("1e30", f"{10**30:,}.00"), ("0", "0.00")],
)  # fmt: skip
def test_a_half_is_rounded_up_as_sql_and_spreadsheets_do(value: str, printed: str) -> None:
    assert number(Decimal(value)) == printed


def test_changes_are_rounded_the_same_way() -> None:
    assert [signed(Decimal(t)) for t in ("0.125", "-0.125", "0.004", "-0.004")] == [
        "+0.13", "-0.13", "±0.00", "±0.00",
    ]  # fmt: skip
    assert (number(None), signed(None)) == ("-", "-")


@given(st.decimals(-(10**12), 10**12, places=6))
def test_two_digits_are_the_exact_value_rounded_once(value: Decimal) -> None:
    exact = Fraction(value) * 100
    hundredths = floor(abs(exact) + Fraction(1, 2)) * (-1 if exact < 0 else 1)
    assert Fraction(number(value).replace(",", "")) == Fraction(hundredths, 100)
