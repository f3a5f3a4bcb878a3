"""Dependencies: each is pinned with hashes, from no named index, alike in all locks, and not known to be vulnerable.

In: requirements*.lock, .ci/advisories.yaml, and an advisory source if one can be reached. Out: one line for each thing
that does not hold, and exit code 1; otherwise 0. If no source can be reached that is printed, and is no failure. A
source is first asked about a release that has been known to be vulnerable for ten years: a mirror without advisories
would find nothing in anything.

    make audit                                                   make audit ARGS="--osv-url https://mirror/v1/query"
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-production.lock",
    "requirements-spark.lock",
)
CANARY = ("jinja2", "2.4.1")
SOURCES = ("osv", "pypi")
_PINNED = re.compile(r"([a-z0-9][a-z0-9.-]*)(?:\[[a-z0-9,._-]+\])?==([^ ;\\]+)(?: ; [^\\]+)? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")

Package = tuple[str, str]


def packages_of(path: Path, problems: list[str]) -> set[Package]:
    """(name, version) of each line of a lock. Other lines, and packages without a hash, are problems."""
    found: dict[Package, int] = {}
    last: Package | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if pinned := _PINNED.fullmatch(line):
            last = (pinned[1], pinned[2])
            found.setdefault(last, 0)
        elif _HASH.fullmatch(line) and last:
            found[last] += 1
        else:
            problems.append(f"{path.name}, line {number}: neither a pinned version nor a hash: {line[:80]}")
    problems += [f"{path.name}: {n}=={v} has no hash" for (n, v), hashes in found.items() if not hashes]
    return set(found)


def differing(locks: dict[str, set[Package]]) -> Iterator[str]:
    """One line for each package that two locks have in different versions."""
    versions: dict[str, dict[str, set[str]]] = {}
    for lock, packages in locks.items():
        for name, version in packages:
            versions.setdefault(name, {}).setdefault(lock, set()).add(version)
    for name, by_lock in sorted(versions.items()):
        if len({frozenset(v) for v in by_lock.values()}) > 1:
            yield f"{name}: " + ", ".join(f"{', '.join(sorted(v))} in {lock}" for lock, v in by_lock.items())


def ask(source: str, packages: Sequence[Package], options: Sequence[str]) -> list[dict[str, Any]]:
    """pip-audit's answer for each package; empty if the source cannot be reached."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "packages.txt")
        listed.write_text("".join(f"{name}=={version}\n" for name, version in packages), encoding="utf-8")
        ran = subprocess.run(
            [
                sys.executable, "-m", "pip_audit", "--vulnerability-service", source, "--requirement", str(listed),
                "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "10",
                "--cache-dir", str(Path(folder, "cache")), *options,
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    try:
        dependencies: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return [d for d in dependencies if "skip_reason" not in d]


def accepted(path: Path, problems: list[str]) -> dict[str, str]:
    """Accepted advisory -> reason. An entry without a reason, or whose day has passed, is a problem."""
    found = {}
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
        if set(entry) != {"id", "reason", "until"} or not isinstance(entry["until"], date):
            problems.append(f"{path.name}: {entry}: expected id, reason and until, a day")
        elif entry["until"] < date.today():
            problems.append(f"{path.name}: {entry['id']} was to be looked at again by {entry['until']}")
        else:
            found[entry["id"]] = entry["reason"]
    return found


def advisories(
    packages: Sequence[Package], lived_with: dict[str, str], options: Sequence[str], problems: list[str]
) -> str:
    """Look every package up; returns a sentence on what was done. Vulnerable packages are problems."""
    sources = SOURCES if not options else ("osv",)
    source = next((s for s in sources if any(d["vulns"] for d in ask(s, [CANARY], options))), None)
    if source is None:
        return (
            f"{len(packages)} packages NOT AUDITED: no advisory source can be reached ({', '.join(sources)})"
        )
    found = ask(source, packages, options)
    count, let_be = 0, 0
    for each in found:
        for vulnerability in each["vulns"]:
            ids = sorted({vulnerability["id"], *vulnerability.get("aliases", [])})
            if lived_with.keys() & set(ids):
                let_be += 1
                continue
            count += 1
            mended = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            problems.append(f"{each['name']} {each['version']}: {' '.join(ids)}; mended in {mended}")
    said = f"{len(found)} packages audited by {source}: {count} advisories, {let_be} more that are lived with"
    unanswered = sorted({f"{n}=={v}" for n, v in packages} - {f"{d['name']}=={d['version']}" for d in found})
    return said + (f"; NOT AUDITED: {', '.join(unanswered)}" if unanswered else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 if everything holds or could not be looked up, 1 otherwise."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--osv-url", help="an OSV-compatible service of your own")
    parser.add_argument("--root", type=Path, default=PROJECT, help="where the locks are")
    given = parser.parse_args(arguments)
    problems: list[str] = []
    locks = {name: packages_of(given.root / name, problems) for name in LOCKS}
    problems += differing(locks)
    every = sorted(set().union(*locks.values()))
    lived_with = accepted(given.root / ".ci" / "advisories.yaml", problems)
    options = ["--osv-url", given.osv_url] if given.osv_url else []
    said = advisories(every, lived_with, options, problems)
    print(f"{len(every)} packages in {len(locks)} locks\n{said}")
    for problem in problems:
        print(f"bad: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
