"""A reader that has seen enough (`| head`) changes no exit code, and leaves no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frozen.paths import CATALOGUE, EXPECTATIONS

PROJECT = Path(__file__).parents[3]
pytestmark = pytest.mark.usefixtures("servers")  # for its time: each test starts the command line


def run(words: list[str], home: Path, *, reads: bool, both: bool = False) -> tuple[int, str]:
    """The exit code and stderr of a command whose stdout (and stderr) is a pipe, read to its end or closed."""
    out, into = os.pipe()
    if not reads:
        os.close(out)
    with subprocess.Popen(
        [sys.executable, "-m", "qiangji", *words],
        cwd=home,
        env={
            "PYTHONPATH": str(PROJECT / "plugins"), "QIANGJI_HOME": str(home), "HOME": str(home),
            "QIANGJI_CATALOGUE": str(CATALOGUE), "QIANGJI_EXPECTATIONS": str(EXPECTATIONS),
        },
        stdout=into,
        stderr=into if both else subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        os.close(into)
        if reads:
            with os.fdopen(out, encoding="utf-8") as pipe:
                pipe.read()
        said = process.communicate()[1] or ""
    return process.returncode, said


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_a_closed_pipe_keeps_the_exit_code(tmp_path: Path, json: list[str]) -> None:
    (tmp_path / "village_2026-09.csv").write_text("村编码,党员\n440781001201,3\n", encoding="gb18030")
    words = ["check", "village_2026-09.csv", "--form", "village", "--county", "440781", "--period", "2026-09"]
    assert run(words + json, tmp_path, reads=True, both=True)[0] == 3
    for both in (False, True):
        assert run(words + json, tmp_path, reads=False, both=both) == (3, "")


def test_a_closed_pipe_is_no_success_of_what_failed(tmp_path: Path) -> None:
    words = ["check", "none.csv", "--form", "village", "--county", "440781", "--period", "2026-09"]
    assert run(words, tmp_path, reads=False, both=True)[0] == 2


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="run it on Linux: /dev/full stands for a full disk"
)
@pytest.mark.parametrize("words", [["--help"], ["values", "--help"]])
def test_a_full_disk_is_told_in_a_line(tmp_path: Path, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "qiangji", *words], stdout=full, stderr=subprocess.PIPE, text=True,
            cwd=tmp_path, env={"PYTHONPATH": str(PROJECT / "plugins"), "QIANGJI_HOME": str(tmp_path)}, check=False,
        )  # fmt: skip
    assert done.returncode != 0
    assert "磁盘已满" in done.stderr
    assert "the output of this command: cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_head_itself(tmp_path: Path) -> None:
    """The list of all commands is longer than a line, and its command ends well."""
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"'{sys.executable}' -m qiangji --help | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}",
        ],
        env={"PYTHONPATH": str(PROJECT / "plugins"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")
