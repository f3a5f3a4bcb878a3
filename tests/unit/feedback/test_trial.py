"""A clerk tries a file: what is refused before it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from qiangji.catalogue.load import load
from qiangji.errors import UsageError
from qiangji.feedback import trial
from tests.frozen.paths import CATALOGUE, EXPECTATIONS


@pytest.mark.parametrize(("period", "code"), [("2099-12", "not_due"), ("2001-01", "before_plan")])
def test_a_period_of_which_nothing_can_be_reported_is_refused_as_by_collect(
    tmp_path: Path, period: str, code: str
) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"x")
    with pytest.raises(UsageError) as refused:
        trial.try_file(load(CATALOGUE, EXPECTATIONS), tmp_path / "a.xlsx", "village", "440705", period, 10**6)
    assert refused.value.code == code
