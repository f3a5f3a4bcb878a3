"""`make audit`, against an advisory source of our own on loopback."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from qiangji.settings import PROJECT

LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-production.lock",
    "requirements-spark.lock",
)
SMALL = """\
# made for the tests
a-package==1.0 ; sys_platform == 'linux' \\
    --hash=sha256:{h} \\
    --hash=sha256:{h}
other==2.0 \\
    --hash=sha256:{h}
""".replace("{h}", "0" * 64)


Osv = Callable[..., AbstractContextManager[tuple[str, list[str]]]]


@pytest.fixture
def osv(servers: None) -> Osv:
    return _osv


@contextmanager
def _osv(known: dict[str, str], status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A service that knows one advisory of each of these packages; its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            asked.append(f"{name}=={query['version']}")
            events = [{"introduced": "0"}, {"fixed": "9.9"}]
            affected = {"package": query["package"], "ranges": [{"type": "ECOSYSTEM", "events": events}]}
            told = {"id": known.get(name), "summary": "x", "affected": [affected], "aliases": ["CVE-1"]}
            body = json.dumps({"vulns": [told]} if name in known else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in LOCKS:
        (tmp_path / name).write_text(SMALL, encoding="utf-8")
    (tmp_path / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci" / "advisories.yaml", tmp_path / ".ci")
    return tmp_path


def audit(root: Path, url: str) -> Any:
    return subprocess.run(
        [sys.executable, str(PROJECT / ".ci" / "audit.py"), "--root", str(root), "--osv-url", url],
        env=os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def unasked(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], Any]:
    """The same in this process, with no source of advisories: what it says of files alone."""
    return _in_this_process(root, monkeypatch, capsys, lambda *_: [])


@pytest.fixture(scope="module")
def answers(servers: None) -> dict[str, Any]:
    """What the source says, by name of a package, that knows an advisory of `other`."""
    with (
        _osv({"jinja2": "GHSA-old", "other": "GHSA-new"}) as (url, _),
        pytest.MonkeyPatch.context() as patch,
    ):
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1")
        packages = [("jinja2", "2.4.1"), ("a-package", "1.0"), ("other", "2.0")]
        return {one["name"]: one for one in _module().ask("osv", packages, ["--osv-url", url])}


@pytest.fixture
def answered(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answers: dict[str, Any]
) -> Callable[[], Any]:
    """The same in this process, with these answers."""
    assert set(answers) == {"jinja2", "a-package", "other"}
    return _in_this_process(
        root, monkeypatch, capsys, lambda _, packages, __: [answers[name] for name, _ in packages]
    )


def _module() -> Any:
    spec = importlib.util.spec_from_file_location("audit", PROJECT / ".ci" / "audit.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _in_this_process(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ask: Callable[..., Any]
) -> Callable[[], Any]:
    module = _module()
    monkeypatch.setattr(module, "ask", ask)

    def run() -> Any:
        code = module.main(["--root", str(root)])
        said = capsys.readouterr()
        return subprocess.CompletedProcess([], code, said.out, said.err)

    return run


def test_what_is_known_of_a_package_turns_it_red(root: Path, osv: Osv) -> None:
    with osv({"jinja2": "GHSA-old", "other": "GHSA-new"}) as (url, asked):
        ran = audit(root, url)
    assert ran.returncode == 1
    assert ran.stderr == "bad: other 2.0: CVE-1 GHSA-new; mended in 9.9\n"
    assert "2 packages audited by osv: 1 advisories, 0 more" in ran.stdout
    assert sorted(asked) == ["a-package==1.0", "jinja2==2.4.1", "other==2.0"]


def test_nothing_known_is_green(root: Path, osv: Osv) -> None:
    with osv({"jinja2": "GHSA-old"}) as (url, _):
        ran = audit(root, url)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "2 packages audited by osv: 0 advisories" in ran.stdout


@pytest.mark.parametrize(
    ("known", "status"), [({}, 200), ({"jinja2": "GHSA-old"}, 404), ({"jinja2": "x"}, 500)]
)
def test_a_source_that_knows_nothing_audits_nothing_and_that_is_said(
    known: dict[str, str], status: int, root: Path, osv: Osv
) -> None:
    with osv(known, status) as (url, asked):
        ran = audit(root, url)
    assert ran.returncode == 0, "nobody is to blame"
    assert "2 packages NOT AUDITED: no advisory source can be reached" in ran.stdout
    assert asked == ["jinja2==2.4.1"], "and it is asked for nothing else"


@pytest.mark.parametrize(
    ("by", "days", "code"), [("GHSA-new", 1, 0), ("CVE-1", 1, 0), ("GHSA-new", -1, 1), ("other", 1, 1)]
)
def test_what_is_lived_with_has_a_reason_and_a_day(
    by: str, days: int, code: int, root: Path, answered: Callable[[], Any]
) -> None:
    until = date.today() + timedelta(days)
    (root / ".ci" / "advisories.yaml").write_text(
        f"- {{id: {by}, reason: not called here, until: {until}}}\n"
    )
    ran = answered()
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert "audited by osv" in ran.stdout
    if days < 0:
        assert "was to be looked at again by" in ran.stderr
    (root / ".ci" / "advisories.yaml").write_text(f"- {{id: {by}, until: {until}}}\n")
    assert "expected id, reason and until" in answered().stderr


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("no hash", "third==3.0 \\\n"),
        ("neither a pinned version", "third>=3.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"),
        ("neither a pinned version", "--index-url https://somewhere/simple\n"),
        ("neither a pinned version", "--find-links https://somewhere/simple\n"),
        ("neither a pinned version", "third @ https://somewhere/third.whl\n"),
        ("neither a pinned version", "third==3.0 \\\n    --hash=md5:" + "0" * 32 + "\n"),
        ("other: 2.0 in requirements.lock", "other==2.1 \\\n    --hash=sha256:" + "0" * 64 + "\n"),
    ],
)
def test_locks_hold_pinned_versions_with_hashes_and_nothing_else(
    what: str, line: str, root: Path, unasked: Callable[[], Any]
) -> None:
    with (root / LOCKS[1]).open("a") as lock:
        lock.write(line)
    ran = unasked()
    assert ran.returncode == 1
    assert re.search(f"bad: .*{re.escape(what)}", ran.stderr), ran.stderr


def test_the_locks_of_this_project_hold(root: Path, unasked: Callable[[], Any]) -> None:
    for name in LOCKS:
        shutil.copy(PROJECT / name, root)
    ran = unasked()
    assert (ran.returncode, ran.stderr) == (0, "")
    count = re.match(r"(\d+) packages in 4 locks", ran.stdout)
    assert count
    assert int(count[1]) > 200
