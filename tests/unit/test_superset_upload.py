"""bi/superset/upload.py: what goes to Superset, and what it takes out there. `make test-bi` asks a real one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bi.server import uploader

upload = uploader()
WAREHOUSE = "postgresql://qiangji_bi:p%40ss@db.example:6543/qiangji?sslmode=verify-full"


def test_the_address_goes_into_the_file_and_the_password_beside_it() -> None:
    packed, passwords = upload.bundle(upload.ASSETS, WAREHOUSE)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = archive.namelist()
        database = archive.read("assets/databases/qiangji.yaml").decode()
        everything = "".join(archive.read(n).decode() for n in names)
    assert (
        "sqlalchemy_uri: postgresql+psycopg2://qiangji_bi:XXXXXXXXXX@db.example:6543/qiangji?sslmode=verify-full"
        in database
    )
    assert passwords == {"databases/qiangji.yaml": "p@ss"}
    assert "p@ss" not in everything
    assert "p%40ss" not in everything
    assert len(names) == len(list(upload.ASSETS.rglob("*.yaml")))


@pytest.mark.parametrize("url", ["postgresql://db/qiangji", "mysql://a:b@db/qiangji", "qiangji"])
def test_an_address_without_role_password_or_host_is_refused(url: str) -> None:
    with pytest.raises(SystemExit, match="WAREHOUSE_URL"):
        upload.bundle(upload.ASSETS, url)


class Fake:
    """Lists of a Superset."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.known = rows

    def rows(self, kind: str) -> Iterator[dict[str, Any]]:
        return iter(self.known[kind])


def test_only_what_an_import_brought_goes(tmp_path: Path) -> None:
    for kind in ("dataset", "chart", "dashboard"):
        (tmp_path / f"{kind}s").mkdir()
        (tmp_path / f"{kind}s" / "kept.yaml").write_text(f"version: 1.0.0\nuuid: {kind}-kept\n")

    def chart(number: int, uuid: str, is_managed: bool, dataset: int = 1) -> dict[str, Any]:
        return {"id": number, "uuid": uuid, "is_managed_externally": is_managed, "datasource_id": dataset}

    found = Fake(
        dataset=[{"id": 1, "uuid": "dataset-kept"}, {"id": 2, "uuid": "of somebody"}],
        chart=[
            chart(1, "chart-kept", True),
            chart(2, "left the files", True),
            chart(3, "a person's, on our dataset", False),
            chart(4, "of another project", True, dataset=2),
        ],
        dashboard=[
            {"id": 1, "uuid": "dashboard-kept", "slug": "qiangji-overview"},
            {"id": 2, "uuid": "left the files", "slug": "qiangji-old"},
            {"id": 3, "uuid": "a person's", "slug": None},
            {"id": 4, "uuid": "another", "slug": "sales"},
        ],
    )
    assert list(upload.stale(found, tmp_path)) == [("chart", 2), ("dashboard", 2)]


def test_without_passwords_it_says_which_are_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SUPERSET_PASSWORD", raising=False)
    monkeypatch.setenv("WAREHOUSE_URL", WAREHOUSE)
    monkeypatch.setattr("sys.argv", ["upload.py"])
    assert upload.main() == 2
    assert "SUPERSET_PASSWORD" in capsys.readouterr().err
