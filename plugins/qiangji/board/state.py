"""The state of a page and its address: what is chosen stands in the URL and nowhere else.

In: the query of a request. Out: a `State`; `url` and `link` give the relative address of another. Addresses are
relative, so that they hold below any path and inside and outside Airflow's frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from qiangji.catalogue.tree import LEVELS
from qiangji.errors import UsageError, unknown
from qiangji.figures import reading
from qiangji.periods import PERIOD_TYPES, Period

LANGUAGES = ("zh", "en")
THEMES = ("light", "dark")
TREES = ("as_was", "restated")
FORMATS = ("csv", "xlsx", "json")
FILTERS: dict[str, tuple[str, ...]] = {
    "": ("org", "show"),
    "indicator": ("indicator", "org", "level", "table"),
    "explain": ("indicator", "org", "table"),
    "today": ("table", "decide", "report", "decided"),
    "reporting": ("county", "form", "status"),
    "county": ("county", "table"),
    "quality": (
        "county", "form", "rule", "severity", "disposition", "table", "dispose", "finding", "groups", "disposed",
        "left",
    ),
}  # fmt: skip
"""Page -> what else its address may name. The pages are the children of the board's own address."""

AND = ","
"""Between several values of one name."""
MANY = ("groups",)
"""Names that an address may have several times, as the ticked boxes of a form give them."""

VALUES: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "show"): ("slides",),
    ("indicator", "table"): ("trend",),
    ("explain", "table"): (
        "missing_units", "submissions", "awaited", "rejections", "findings", "corrections",
    ),
    ("today", "table"): ("moved", "waiting"),
    ("county", "table"): ("sent", "rejected", "explained", "workbooks"),
    ("quality", "table"): ("rules", "decisions", "outliers"),
}  # fmt: skip
"""(Page, name) -> the values that there are; of the other names the catalogue or the warehouse knows."""


@dataclass(frozen=True)
class State:
    """What a page shows. None: not chosen, so that the page's own choice holds."""

    page: str = ""
    period: Period | None = None
    period_type: str | None = None
    as_of: datetime | None = None
    is_restated: bool = False
    lang: str | None = None
    theme: str | None = None
    filters: tuple[tuple[str, str], ...] = ()
    format: str | None = None
    accepted: str = field(default="zh", compare=False)
    """The language that the browser asks for."""

    @property
    def language(self) -> str:
        return self.lang or self.accepted

    @property
    def figures(self) -> reading.State:
        """The state of the figures. Raises UsageError as_of_restated."""
        return reading.State(as_of=self.as_of, is_restated=self.is_restated)

    def get(self, name: str, otherwise: str = "") -> str:
        """What a filter of the page is set to."""
        return dict(self.filters).get(name, otherwise)

    def with_(self, **changes: Any) -> State:
        """Another state of this page. Names of filters are taken too; None removes one; a period may be a text."""
        if isinstance(changes.get("period"), str):
            changes["period"] = Period.parse(changes["period"])
        own = {f.name for f in fields(self)}
        chosen = dict(self.filters) | {k: v for k, v in changes.items() if k not in own}
        kept = tuple((k, str(v)) for k, v in chosen.items() if v is not None)
        return replace(self, filters=kept, **{k: v for k, v in changes.items() if k in own})

    def to(self, page: str, **changes: Any) -> State:
        """A state of another page: what both know stays chosen."""
        known = FILTERS.get(page, ())
        kept = tuple((k, v) for k, v in self.filters if k in known and (page, k) not in VALUES)
        return replace(self, page=page, filters=kept, format=None).with_(**changes)

    def link(self, page: str | None = None, **changes: Any) -> str:
        """The address of another state, of this page or another."""
        return (self.with_(**changes) if page is None else self.to(page, **changes)).url

    @property
    def url(self) -> str:
        """The address, relative to any page of the board."""
        query = urlencode(self.query, safe=AND)
        return f"{self.page or './'}?{query}" if query else (self.page or "./")

    @property
    def query(self) -> dict[str, str]:
        """Name -> value, of all that is chosen."""
        found = {
            "period": str(self.period) if self.period else None,
            "type": self.period_type,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "tree": "restated" if self.is_restated else None,
            "lang": self.lang,
            "theme": self.theme,
            **dict(self.filters),
            "format": self.format,
        }
        return {name: value for name, value in found.items() if value is not None}


def parse(page: str, query: Iterable[tuple[str, str]], accept: str, zone: str) -> State:
    """The state that an address names. An empty value is none, as a form sends it.

    Raises UsageError: unknown_part, unknown_value, unknown_type, unknown_level, bad_period, no_time, as_of_restated.
    """
    given: dict[str, str] = {}
    for name, value in query:
        if text := value.strip():
            given[name] = AND.join((given[name], text)) if name in MANY and name in given else text
    known: tuple[str, ...] = (
        "period",
        "type",
        "as_of",
        "tree",
        "lang",
        "theme",
        "format",
        *FILTERS.get(page, ()),
    )
    if strange := [name for name in given if name not in known]:
        raise _unknown("unknown_part", "地址中的参数", "part of an address", strange, known)
    if given.get("type") not in (None, *PERIOD_TYPES):
        raise unknown("period type", [given["type"]], PERIOD_TYPES)
    if given.get("level") not in (None, *LEVELS[:-1]):
        raise unknown("level", [given["level"]], LEVELS[:-1])
    for name in FILTERS.get(page, ()):
        if (page, name) in VALUES:
            _one_of(given, name, VALUES[page, name])
    if "as_of" in given and given.get("tree") == "restated":
        raise UsageError(
            "both as_of and tree=restated",
            expected="one of them: history on today's tree is that of now",
            zh="截至时点与现行区划只能选一个：按现行区划重算的历史只有现在的。",
            code="as_of_restated",
        )
    state = State(
        page=page,
        period=Period.parse(given["period"]) if "period" in given else None,
        period_type=given.get("type"),
        as_of=_moment(given["as_of"], zone) if "as_of" in given else None,
        is_restated=_one_of(given, "tree", TREES) == "restated",
        lang=_one_of(given, "lang", LANGUAGES),
        theme=_one_of(given, "theme", THEMES),
        filters=tuple((name, given[name]) for name in FILTERS.get(page, ()) if name in given),
        format=_one_of(given, "format", FORMATS),
        accepted=preferred(accept),
    )
    _ = state.figures
    return state


def language_of(query: Mapping[str, str], accept: str) -> str:
    """The language of a page that cannot be shown: an address that is wrong names one all the same."""
    asked = query.get("lang")
    return asked if asked in LANGUAGES else preferred(accept)


def preferred(accept: str) -> str:
    """The first language of an `Accept-Language` header that there is; Chinese if there is none."""
    weighed = []
    for i, part in enumerate(accept.split(",")):
        tag, _, weight = part.strip().partition(";q=")
        name = tag.strip()[:2].lower()
        if name in LANGUAGES:
            try:
                weighed.append((-float(weight or 1), i, name))
            except ValueError:
                continue
    return min(weighed)[2] if weighed else "zh"


def _moment(text: str, zone: str) -> datetime:
    """A moment, up to whole thousandths of a second: what a form's field holds is then the moment of its page.

    A `+` of its offset that came as a space is one all the same.
    """
    at = reading.moment(text.replace(" ", "+"), zone).astimezone(ZoneInfo(zone))
    return at + timedelta(microseconds=-at.microsecond % 1000)


def _one_of(given: Mapping[str, str], name: str, known: tuple[str, ...]) -> str | None:
    value = given.get(name)
    if value is not None and value not in known:
        raise _unknown("unknown_value", f"{name}的取值", f"value of {name}", [value], known)
    return value


def _unknown(code: str, zh: str, en: str, strange: list[str], known: Iterable[str]) -> UsageError:
    names = list(known)
    return UsageError(
        f"no {en} {', '.join(strange)}",
        expected=", ".join(names),
        zh=f"没有{zh}{'、'.join(strange)}；可用：{'、'.join(names)}。",
        code=code,
    )
