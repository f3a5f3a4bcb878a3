"""Files that are read again although the system states a version that is known.

In: an item of a listing. Out: whether its bytes are fetched. A version made of a file's time and size, or of a day, may
hide a change.
"""

from __future__ import annotations

import zlib
from datetime import UTC, date, datetime

from qiangji.periods import Period
from qiangji.settings import settings
from qiangji.sources import Item


def is_read_again(item: Item, last: Period, today: date | None = None) -> bool:
    """Whether an item is read although its version is known, because the version may hide a change.

    Reports of the last two months are read every time; of the others each on another day, all within
    QIANGJI_RECHECK_DAYS.
    """
    days = settings().recheck_days
    if not item.is_weak or not days:
        return False
    if any(period.last_month >= last - 1 for _, period in item.targets):
        return True
    day = (today or datetime.now(UTC).date()).toordinal()
    return zlib.crc32(item.name.encode()) % days == day % days
