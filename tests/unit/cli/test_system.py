"""`qiangji warehouse-url`, without a server."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from qiangji import warehouse
from qiangji.cli import app


def test_when_the_embedded_server_answers_is_said_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        warehouse, "url_for_tools", lambda *_: "postgresql://qiangji_bi@127.0.0.1:5432/qiangji"
    )
    ran = CliRunner().invoke(app, ["warehouse-url"], catch_exceptions=False, standalone_mode=False)
    assert ran.stdout == "postgresql://qiangji_bi@127.0.0.1:5432/qiangji\n"
    assert "自带的服务器" in ran.stderr
    assert "the embedded server answers while `make up`" in ran.stderr
