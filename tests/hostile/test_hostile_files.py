"""Each hostile file ends in its reason code, within its limits, and the asking process reads the next file."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, cage, cage_worker
from qiangji.parsing.reasons import REASONS
from qiangji.periods import Period
from tests.hostile.files import CASES, FORM, MEANT, PERIOD, Case

LIMITS = cage.Limits(memory=1 << 30, seconds=20, output=64 << 20)
SECONDS = 20.0
PARENT_BYTES = 400 << 20


def read(case: Case, limits: cage.Limits = LIMITS) -> Parsed:
    """As a pull and a check would: the sheets, then the submission."""
    cage.read_sheets(case.content, case.kind, case.county, {"village": FORM.title.zh}, limits=limits)
    return cage.read_submission(
        case.content, case.kind, case.county, FORM, Period.parse(PERIOD), limits=limits
    )


def outcome(case: Case) -> str | None:
    try:
        parsed, refused = read(case), None
    except ReturnedError as error:
        parsed, refused = None, error
    if parsed is None:
        assert refused is not None
        assert refused.zh
        assert refused.code in REASONS
        return refused.code
    keys, values = (parsed.rows[n].to_pylist() for n in ("village_code", "members"))
    assert dict(zip(keys, values, strict=True)) == MEANT
    assert parsed.problems.num_rows == 0
    return None


def all_outcomes() -> dict[str, Any]:
    """Of every case: its outcome (or what was raised) and its seconds; and the bytes that this process has grown by."""
    before = cage_worker._peak()
    found: dict[str, tuple[str | None, float]] = {}
    for case in CASES:
        start = time.monotonic()
        try:
            code = outcome(case)
        except Exception:
            code = traceback.format_exc()
        found[case.name] = (code, time.monotonic() - start)
    return {"found": found, "grown": cage_worker._peak() - before}


@pytest.fixture(scope="module")
def told(servers: None) -> Any:
    """`all_outcomes` of a process of its own, which reads nothing else."""
    code = "import json\nfrom tests.hostile import test_hostile_files as t\nprint(json.dumps(t.all_outcomes()))\n"
    project = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": f"{project}/plugins:{project}", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_it_ends_as_it_should(case: Case, told: Any) -> None:
    code, seconds = told["found"][case.name]
    assert code in (case.code if isinstance(case.code, tuple) else (case.code,))
    assert seconds < SECONDS


def test_every_reason_of_a_file_has_its_file() -> None:
    """Reasons that need more than a file have tests elsewhere: see the last lines."""
    met = {c for case in CASES for c in (case.code if isinstance(case.code, tuple) else (case.code,))}
    elsewhere = {"too_slow", "reader_failed"}  # test_cage.py
    elsewhere |= {
        "rows_rejected",
        "no_row_accepted",
        "personal_data",
        "unchanged_not_allowed",
        "wrong_county",
        "wrong_form",
    }  # from rules about rows
    elsewhere |= {
        code for code, reason in REASONS.items() if reason.stage == "held"
    }  # test_doubts.py, test_held.py
    assert set(REASONS) - met == elsewhere


def test_whoever_asks_stays_small(told: Any) -> None:
    """One process reads all of them and grows no more than with a good file."""
    assert len(told["found"]) == len(CASES)
    assert 0 < told["grown"] < PARENT_BYTES
