"""What `qiangji feedback` prints."""

from __future__ import annotations

import pytest

from qiangji.cli import feedback
from qiangji.cli.words import Names
from qiangji.feedback import Sent


def test_a_system_that_is_down_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    def sent(county: str, name: str, message: str) -> Sent:
        return Sent(
            county, name, "id", "digest", "basis", 1, "sftp", "failed",
            submissions=(("f", "2026-10", "returned"),), reason_code="unreachable", message=message,
        )  # fmt: skip

    down = "127.0.0.1:22 cannot be reached"
    feedback._print_sent(
        [sent("440703", "a.xlsx", down), sent("440703", "b.xlsx", down), sent("440704", "c.xlsx", down)],
        Names({"f": "甲表"}, {"440703": "蓬江区"}),
    )
    out = capsys.readouterr().out
    assert out.count("蓬江区 440703") == 2
    assert out.count("甲表 f 2026-10 退回重报 returned") == 3
    assert [out.count(name) for name in ("a.xlsx", "b.xlsx", "c.xlsx", "unreachable: ")] == [1, 1, 1, 2]
