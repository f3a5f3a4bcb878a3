"""A disk that is full or may not be written: one line that says what to do, and nothing left behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from qiangji import cli
from qiangji.embedded.install import read_private, write_private
from qiangji.errors import LakeError, of_the_disk
from qiangji.lake import Lake

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full"),
        (OSError(errno.EROFS, "Read-only file system"), "not_writable"),
        (PermissionError(errno.EACCES, "Permission denied"), "not_writable"),
        (RuntimeError("IO Error: could not write: No space left on device"), "disk_full"),
    ],
)
def test_what_is_told(error: Exception, code: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Wherever it is met, a command ends in one line, in both languages."""

    def app() -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.startswith(f"{code}: ")
    assert "Traceback" not in said
    assert "请" in said


def test_other_errors_stay_what_they_are() -> None:
    assert of_the_disk(OSError(errno.ENOENT, "No such file")) is None
    assert of_the_disk(ValueError("x")) is None


def test_a_lake_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    lake = Lake(tmp_path)
    lake.put_raw(b"before")
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(LakeError) as e:
        lake.put_raw(b"after")
    assert e.value.code == "not_writable"
    assert "qiangji values" in str(e.value)
    assert lake.sweep() == 0


def test_what_is_private_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_private(path, {"port": "1"})
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from qiangji.embedded.install import write_private; from qiangji.errors import LakeError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4, 4))\n"
        "write_private(Path(sys.argv[1]), {'port': '1'})\n"  # as it is: nothing to write
        "try: write_private(Path(sys.argv[1]), {'port': '2'})\n"
        "except LakeError as e: print(e.code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        env={"PYTHONPATH": str(PLUGINS)}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert ran.stdout == "disk_full\n"
    assert read_private(path) == {"port": "1"}
    assert [p.name for p in tmp_path.iterdir()] == ["state.json"]
