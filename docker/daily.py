"""Runs a command once a day, as a service: `daily.py --at 04:30 -- qiangji backup`. `--healthy` is its health check.

In: the time of the day, in QIANGJI_TIMEZONE, and the command. Out: what the command prints, a line when it ends, and
a file that says how the last one ended. A container that starts waits for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

STATE = Path("/tmp/daily.json")
LATE = timedelta(hours=26)


def next_time(now: datetime, at: str) -> datetime:
    """The next moment at which it is `at` where `now` is. Raises ValueError for what is no time of the day."""
    wanted = datetime.strptime(at, "%H:%M").time()
    today = now.replace(hour=wanted.hour, minute=wanted.minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def run(command: list[str], state: Path = STATE) -> int:
    """Run the command and write down how it ended; returns its exit code."""
    began = time.monotonic()
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as e:
        print(f"{command[0]}: {e.strerror}", flush=True)
        code = 127
    state.write_text(json.dumps({"code": code, "ended": time.time()}), encoding="utf-8")
    word = "完成 done" if code == 0 else f"失败 failed ({code})"
    print(f"{' '.join(command)}: {word}, {time.monotonic() - began:.0f} s", flush=True)
    return code


def is_healthy(state: Path = STATE) -> bool:
    """Whether the last one went well, and lately; true before the first."""
    if not state.exists():
        return True
    last = json.loads(state.read_text(encoding="utf-8"))
    return bool(last["code"] == 0 and time.time() - last["ended"] < LATE.total_seconds())


def main() -> None:
    """Wait and run, until the container is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", default="04:30")
    parser.add_argument("--healthy", action="store_true")
    parser.add_argument("command", nargs="*")
    chosen = parser.parse_args()
    if chosen.healthy:
        sys.exit(0 if is_healthy() else 1)
    zone = ZoneInfo(os.environ.get("QIANGJI_TIMEZONE", "Asia/Shanghai"))
    while True:
        try:
            due = next_time(datetime.now(zone), chosen.at)
        except ValueError:
            sys.exit(
                f"{chosen.at!r}不是一天中的时间，应如04:30。 {chosen.at!r} is no time of the day, such as 04:30"
            )
        print(f"下次 next: {due:%Y-%m-%d %H:%M}", flush=True)
        while (left := due.timestamp() - time.time()) > 0:
            time.sleep(min(left, 60))  # a clock that is put right, or a machine that slept, is noticed
        run(chosen.command)


if __name__ == "__main__":
    main()
