"""The shape of the catalogue's files, as frozen models: an unknown key or value is an error at load.

Here are the plan, forms, counties and suppression; `indicators` and `corrections` have modules of their own. JSON
Schemas for editors are generated from all of them (`python -m qiangji.catalogue.schemas`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as F

from qiangji.periods import MONTHS_IN, PeriodType
from qiangji.personal_data import kind_of

Code = Annotated[str, F(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Month = Annotated[str, F(pattern=r"^\d{4}-\d{2}$")]
Grain = Literal["group", "village", "community", "town", "county", "task"]
FieldType = Literal["integer", "decimal", "boolean", "code", "text", "enum", "date"]
Kind = Literal["stock", "flow", "ytd", "distinct"]
Missing = Literal["matched", "any", "all", "zero"]
Unit = Literal[
    "person", "household", "group", "village", "community", "unit", "item", "time", "tree",
    "ten_thousand_yuan", "percent", "per_1000", "per_100", "ratio", "code", "none",
]  # fmt: skip
UNITS: tuple[str, ...] = get_args(Unit)


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


MAX_DIGITS: Mapping[str, int] = {"integer": 10, "decimal": 12}
"""How many digits a number may have before its point: type -> digits. A mobile or card number has more, and a year's
sum over all villager groups of a nation, each at the bound, fits into a bigint with room to spare."""
FileKind = Literal["csv", "xlsx", "ndjson"]
"""How a delivery is written."""


class Label(Model):
    zh: str
    en: str


# ---- plan.yaml


class Initiative(Model):
    code: Code
    name: Label
    owner: Label | None = F(None, description="the office that answers for its indicators; never a person")


class Aspect(Model):
    code: Code
    name: Label
    initiatives: tuple[Initiative, ...]


class Plan(Model):
    source: str
    years: tuple[int, int] = F(description="its first and its last year")
    aspects: tuple[Aspect, ...]

    @property
    def initiatives(self) -> dict[str, Initiative]:
        return {i.code: i for a in self.aspects for i in a.initiatives}


# ---- forms/<form>.yaml


class Field(Model):
    """One column of a form (填报项): how to read it, never whether it is right (that is the suite's)."""

    label: Label
    headers: tuple[str, ...] = ()
    type: FieldType
    kind: Kind = "stock"
    unit: Unit = "none"
    values: tuple[str, ...] = F((), description="what an enum may be")
    restricted: bool = F(False, description="shown from county up only")
    not_applicable: bool = F(False, description="— and / mean not applicable, not missing")
    may_be_empty: bool = F(
        False,
        description="a county may leave its whole column empty: a finding, where the report of a column that an"
        " indicator reads is held else",
    )
    note: Label | None = F(None, description="指标解释")
    since: Month | None = None
    until: Month | None = None
    optional_until: Month | None = F(
        None,
        description="the last month in which a report without its column is taken: a finding, and from the month"
        " after it goes back",
    )

    @model_validator(mode="after")
    def _optional_while_it_holds(self) -> Field:
        check_optional(self)
        return self

    @model_validator(mode="after")
    def _enum_has_values(self) -> Field:
        if (self.type == "enum") != bool(self.values):
            raise ValueError("`values` belongs to type enum, and enum needs it")
        return self

    @property
    def is_money(self) -> bool:
        return self.unit == "ten_thousand_yuan"

    @property
    def is_number(self) -> bool:
        return self.type in ("integer", "decimal")


class Serial(Model):
    """One row of a list that the city keeps, such as a task of its plan."""

    name: Label
    initiative: Code


class SignOff(Model):
    """Who has to sign a form, where a county's sheet has a sign-off zone: that somebody did is looked at, never who."""

    needs: tuple[Literal["filled_in_by", "approved_by"], ...] = F(min_length=1)
    since: Month | None = F(None, description="the first month for which it is asked")

    def needs_in(self, month: str) -> tuple[str, ...]:
        return self.needs if holds(self.since, None, month) else ()


class Form(Model):
    """A report that counties fill in, one row a unit of its grain."""

    form: Code
    number: str = F("", description="表号")
    title: Label
    issuer: str = F("", description="制表机关")
    valid_until: str = F("", description="有效期至")
    grain: Grain
    kinds: tuple[str, ...] = F(
        (), description="kinds of org unit that report; for groups and tasks, kinds of their parents"
    )
    period_type: PeriodType
    due_working_day: int = F(ge=1, le=23)
    key: Code
    key_headers: tuple[str, ...]
    key_pattern: str = F(description="regular expression of a whole key, e.g. [0-9]{14}")
    parent_digits: int | None = F(
        None,
        description="grain group or task: the first digits of the key that are its village's or county's",
    )
    placeholder_kinds: tuple[str, ...] | None = F(
        None,
        description="grain group or task: kinds of parent of which one row is expected as long as none of it"
        " is known",
    )
    serials: dict[Annotated[str, F(pattern=r"^\d+$")], Serial] = F(
        default_factory=dict, description="grain task: the city's list, by the digits that its keys end in"
    )
    name_headers: tuple[str, ...] = ()
    fields: dict[Code, Field]
    since: Month | None = None
    until: Month | None = None
    optional_until: Month | None = F(
        None,
        description="the last month for which a county need not have it: it is asked for, and nobody is late or"
        " failing for want of it",
    )

    sign_off: SignOff | None = F(
        None,
        description="who has to sign (签章), where a county's layout has a sign-off zone; its lack is a finding",
    )

    @model_validator(mode="after")
    def _optional_while_it_holds(self) -> Form:
        check_optional(self)
        return self

    @property
    def base_level(self) -> str:
        """The lowest level in results: a group's figures appear from its village up, a task's from its county."""
        if self.grain == "task":
            return "county"
        return "village" if self.grain in ("group", "village", "community") else self.grain

    @property
    def filled_in_by(self) -> tuple[str, ...]:
        """Kinds of org unit that fill it in; for groups, the kinds that groups belong to."""
        return self.kinds or (("village",) if self.grain == "group" else (self.grain,))

    @property
    def is_registered(self) -> bool:
        """Whether rows lie beneath units of the tree; who is expected then follows from earlier reports."""
        return self.parent_digits is not None

    def holds_in(self, month: str) -> bool:
        """Whether it is reported for periods that end in a month (`2024-01`)."""
        return holds(self.since, self.until, month)

    def fields_in(self, month: str) -> dict[str, Field]:
        """The fields of the form as it stood in a month (`2024-01`)."""
        return {n: f for n, f in self.fields.items() if holds(f.since, f.until, month)}

    def is_optional_in(self, month: str) -> bool:
        """Whether a county may be without it for periods that end in a month."""
        return is_optional(self.optional_until, month)

    def optional_in(self, month: str) -> list[str]:
        """The fields whose column a report may be without in a month, in the form's order."""
        return [n for n, f in self.fields_in(month).items() if is_optional(f.optional_until, month)]

    def label_of(self, field: str, language: str) -> str:
        """What a field or the key is called, in `zh` or `en`."""
        if field == self.key:
            return self.key_headers[0] if language == "zh" else self.key
        return str(getattr(self.fields[field].label, language))


def holds(since: str | None, until: str | None, month: str) -> bool:
    return (since is None or since <= month) and (until is None or month <= until)


def is_optional(optional_until: str | None, month: str) -> bool:
    return optional_until is not None and month <= optional_until


def check_optional(one: Field | Form) -> None:
    """Raise ValueError where something is optional in no month in which it holds."""
    last = one.optional_until
    if last is not None and not holds(one.since, one.until, last):
        raise ValueError(
            f"optional_until {last} is not within since {one.since or '(open)'} and until {one.until or '(open)'}"
        )


def shortest_of(forms: Iterable[Form]) -> PeriodType:
    """The shortest period for which forms that are read together have figures: the longest of their own."""
    return max((f.period_type for f in forms), key=MONTHS_IN.__getitem__)


# ---- suppression.yaml


class Suppression(Model):
    """Which figures of indicators that count persons are hidden at village level; without the file, this one."""

    threshold: int = F(
        3, ge=1, description="a numerator above 0 and below this hides both sides and the value"
    )
    all_or_none: bool = F(False, description="hides 0 % and 100 % too")


# ---- counties.yaml


class Layout(Model):
    """How a county's sheets and files look around the data."""

    title_rows: int = F(0, ge=0, description="rows above the header")
    header_rows: int = F(1, ge=1, le=3, description="header rows; upper ones are groups over merged cells")
    totals: tuple[str, ...] = F(
        (), description="labels in the code or name column that mark a control-sum row"
    )
    subtotals: tuple[str, ...] = F((), description="labels of a sum over the rows since the sum before")
    sign_off: tuple[str, ...] = F(
        (), description="words that begin the sign-off zone: it is cut off from there"
    )
    ignore: tuple[str, ...] = F(
        (), description="headers that carry nothing of the form, such as 序号 or 备注"
    )
    unchanged: tuple[str, ...] = F(
        ("无变动", "本期无变动", "本月无变动"),
        description="words that, alone beneath the header, say that nothing changed since the last report",
    )
    delimiter: str = ","


class Paging(Model):
    style: Literal["none", "cursor", "page"] = "none"
    param: str = "cursor"
    next: str = F(
        "", description="cursor style: the key of the next cursor; page style: the key of the page count"
    )
    size_param: str = ""
    size: int = 1000
    total: str = F("", description="the key of how many records there are in all: held against what came")


class Endpoint(Model):
    path: str = F(description="may hold {form} and {period}, in a list of files also {name}")
    items: str = F("", description="the key that holds the records; empty: the body itself is the list")
    paging: Paging = Paging()


class HttpApi(Model):
    auth: Literal["none", "basic", "header", "client_credentials"] = "none"
    header: str = F("", description="auth header: its name; the connection's password is its value")
    token_path: str = ""
    list: Endpoint
    fetch: Endpoint
    format: Literal["json", "csv", "xlsx"] = "json"
    form_key: str = "form"
    period_key: str = "period"
    version_key: str = ""


class Database(Model):
    view: str = F(description="schema.view, may hold {form}")
    period_column: str = "period"
    version_column: str = ""


Host = Annotated[str, F(pattern=r"^(http://)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$")]


class County(Model):
    """Where a county's reports are fetched and how they look; no secrets here, only a connection's id."""

    county: str
    transport: Literal["http_api", "sftp", "database", "folder"]
    connection: str = ""
    hosts: tuple[Host, ...] = F(
        (),
        description="host, or host:port, that the connection may lead to; http://host where it may be unencrypted"
        " (loopback always may)",
    )
    path: str = F(
        "",
        description="folder: relative to the catalogue, or absolute; without it the connection says where it is"
        " (file:///...)",
    )
    files: str = F(
        "", description="file name with {form} and {period}; without {form}: one workbook with all forms"
    )
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    forms: tuple[Code, ...] = F(
        (), description="which forms it reports; empty: all that its org units fill in"
    )
    sheets: dict[Code, str] = F(default_factory=dict, description="form -> sheet name in a workbook")
    layout: Layout = Layout()
    layouts: dict[Code, Layout] = F(default_factory=dict, description="where a form's layout differs")
    crosswalk: str = F("", description="CSV of the county's own unit codes, relative to the catalogue")
    http: HttpApi | None = None
    database: Database | None = None
    timeout: float | None = F(
        None, description="seconds for the whole county; default: QIANGJI_COUNTY_TIMEOUT"
    )
    contact: Label | None = F(
        None,
        description="the office to call and its telephone, as `today` and letters show it; never a person",
    )

    @model_validator(mode="after")
    def _transport_is_configured(self) -> County:
        needs = {"http_api": ["http", "connection", "hosts"], "database": ["database", "connection", "hosts"],
                 "sftp": ["files", "connection", "hosts"], "folder": ["files"]}[self.transport]  # fmt: skip
        if missing := [n for n in needs if not getattr(self, n)]:
            raise ValueError(f"transport {self.transport} needs {', '.join(missing)}")
        if self.transport == "folder" and bool(self.path) == bool(self.connection):
            raise ValueError("transport folder needs either path or connection")
        if self.transport in ("sftp", "folder") and "/" in self.files:
            raise ValueError("files is a file name, without folders")
        return self

    @model_validator(mode="after")
    def _contact_is_an_office(self) -> County:
        for text in (self.contact.zh, self.contact.en) if self.contact else ():
            if kind := kind_of(text):
                raise ValueError(
                    f"contact holds personal data ({kind}); an office and its telephone are meant"
                )
        return self

    def layout_of(self, form: str) -> Layout:
        return self.layouts.get(form, self.layout)
