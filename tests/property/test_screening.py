"""Personal numbers are found in every guise; numbers that offices count with are none.

The oracle is python-stdnum: it makes the check digits, and gives its own verdict on each number.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from stdnum import numdb
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent

from qiangji.catalogue.load import load
from qiangji.catalogue.models import Layout
from qiangji.parsing.screening import find_personal_data
from qiangji.personal_data import WORDS, Things, kind_of
from qiangji.personal_data.names import CALLED, is_name
from qiangji.personal_data.numbers import INFANT, is_credit_code, is_resident_id, is_rounded_id
from qiangji.text import as_text
from tests.frozen import paths as frozen
from tests.property.columns import grid_of_columns
from tests.property.often import times

PROJECT = Path(__file__).resolve().parents[2]
DAYS = st.dates(date(1925, 1, 1), date(2009, 12, 31))
COUNTIES = [
    f"{province}{county}"
    for _, province, _, _, counties in numdb.get("cn/loc").prefixes
    for _, county, _, properties, _ in counties
    if "county" in properties and county > "0100"
]
"""Codes of all counties, of today and of before, as stdnum lists them."""
AREAS = st.one_of(
    st.sampled_from(COUNTIES),
    st.builds("{}{:04d}".format, st.sampled_from(sorted({c[:2] for c in COUNTIES})), st.integers(101, 9999)),
)
"""Six digits of a county, or of none in a province: units come and go, and no list is ever whole."""


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    return checked(draw(AREAS) + f"{draw(DAYS):%Y%m%d}" + f"{draw(st.integers(1, 999)):03d}")


def checked(seventeen: str) -> str:
    return seventeen + ric.calc_check_digit(f"{seventeen}0")


@st.composite
def old_ids(draw: st.DrawFn) -> str:
    day = draw(st.dates(date(1930, 1, 1), date(1999, 12, 31)))
    return draw(AREAS) + f"{day:%y%m%d}" + f"{draw(st.integers(0, 999)):03d}"


MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def apart(between: str) -> Callable[[str], str]:
    return between.join


def grouped(between: str, *sizes: int) -> Callable[[str], str]:
    def write(text: str) -> str:
        pieces, at = [], 0
        for size in sizes:
            pieces.append(text[at : at + size])
            at += size
        return between.join([*pieces, text[at:]] if text[at:] else pieces)

    return write


def inside(before: str, behind: str) -> Callable[[str], str]:
    return lambda text: f"{before}{text}{behind}"


ANY: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "lower case": str.lower,
    "full width": wide,
    "blanks": apart(" "),
    "full-width blanks": apart("\u3000"),
    "no-break blanks": apart("\u00a0"),
    "zero-width blanks": apart("\u200b"),
    "marks of direction": inside("\u202d", "\u202c"),
    "joiners": apart("\u2060"),
    "soft hyphens": apart("\u00ad"),
    "in a sentence": inside("经核实，", "，请联系本人"),
    "behind a label": inside("证件/电话：", "（已核）"),
    "behind letters": inside("No", ""),
    "in brackets": inside("2（", "）"),
    "beside counts": inside("12、", "、30"),
    "with a text sign": inside("'", ""),
    "bold digits": lambda t: "".join(chr(0x1D7CE + int(c)) if c.isdecimal() else c for c in t),
}
OF_ID: dict[str, Callable[[str], str]] = {
    "hyphens": grouped("-", 6, 8, 4),
    "long dashes": grouped(" — ", 6, 8, 4),
    "dots": grouped(".", 6, 8, 4),
    "slashes": grouped("/", 6, 4, 2, 2, 4),
    "lines": grouped("\n", 6, 8, 4),
    "a line anywhere": grouped("\n", 11),
    "lines of a form": grouped("\r\n", 7, 7),
}
OF_MOBILE: dict[str, Callable[[str], str]] = {
    "hyphens": grouped("-", 3, 4, 4),
    "four first": grouped("-", 4, 4, 3),
    "blanks in groups": grouped(" ", 3, 4, 4),
    "lines": grouped("\n", 3, 8),
    "a line anywhere": grouped("\n", 6),
    "+86": inside("+86 ", ""),
    "(+86)": inside("(+86)", ""),
    "0086": inside("0086", ""),
    "0086-": inside("0086-", ""),
    "86": inside("86", ""),
    "a zero": inside("0", ""),
    "with an extension": inside("", "转8012"),
    "two of them": lambda t: f"{t}/{t}",
}
ROUNDED = {
    "in full": lambda n: as_text(float(n)),
    "with an exponent": lambda n: f"{float(n):.14E}",
    "with 14 digits": lambda n: f"{n[0]}.{n[1:14]}E17",
    "with separators": lambda n: f"{int(Decimal(f'{int(n):.15g}')):,}",
    "as 64 bits have it": lambda n: str(int(float(n))),
    "in the fewest digits": lambda n: as_text(Decimal(repr(float(n)))),
    "with decimals": lambda n: f"{as_text(float(n))}.00",
}


def found_in_a_cell(text: str) -> str | None:
    """The kind found in a column of cells, by the vectorised way that screens deliveries."""
    hits = find_personal_data(grid_of_columns([["编码", "1", text, "3"]]), Layout())
    assert [h.address for h in hits] in ([], ["village!A3"])
    return hits[0].kind if hits else None


@settings(max_examples=times(30), deadline=None)
@given(resident_ids())
@example("11010519491231002X")
@example("440524188001010014")
def test_resident_ids_are_found_in_every_guise(number: str) -> None:
    for name, write in (ANY | OF_ID).items():
        assert found_in_a_cell(write(number)) == "resident_id", name
        assert kind_of(write(number)) == "resident_id", name


@settings(max_examples=times(30), deadline=None)
@given(
    resident_ids().filter(lambda n: n[17] != "X" and n[14:17] != "999")
)  # the last would be of the next day
@example("310101200003010011")
@example("110101200004309499")
def test_resident_ids_that_a_spreadsheet_rounded_are_found(number: str) -> None:
    for name, write in ROUNDED.items():
        assert found_in_a_cell(str(write(number))) == "resident_id", name


@settings(max_examples=times(30), deadline=None)
@given(old_ids())
@example("113013990101000")
def test_resident_ids_of_fifteen_digits_are_found(number: str) -> None:
    for name, write in (
        ANY | {"groups": grouped(" ", 6, 6, 3), "number": lambda n: f"{float(n):.14E}"}
    ).items():
        assert found_in_a_cell(write(number)) == "resident_id", name


@settings(max_examples=times(30), deadline=None)
@given(MOBILES)
def test_mobile_numbers_are_found_in_every_guise(number: str) -> None:
    for name, write in (ANY | OF_MOBILE).items():
        assert found_in_a_cell(write(number)) is not None, name


@given(resident_ids(), st.integers(0, 16), st.integers(1, 9))
def test_a_wrong_digit_makes_it_no_resident_id(number: str, at: int, more: int) -> None:
    wrong = number[:at] + str((int(number[at]) + more) % 10) + number[at + 1 :]
    assert not is_resident_id(wrong)


@given(st.sampled_from(COUNTIES), DAYS, st.from_regex(r"[0-9]{3}[0-9X]", fullmatch=True))
def test_a_mistyped_checksum_still_leaves_a_person(county: str, day: date, rest: str) -> None:
    number = f"{county}{day:%Y%m%d}{rest}"
    assume(not uscc.is_valid(number))
    for write in (str, grouped(" ", 6, 8, 4), "本人 {}，女".format):
        assert found_in_a_cell(write(number)) == "resident_id"


DAYS_OR_NEARLY = st.one_of(
    DAYS.map("{:%Y%m%d}".format), st.from_regex(r"(19|20)[0-3][0-9]{5}", fullmatch=True)
)


@settings(max_examples=times(1000), deadline=None)
@given(
    st.sampled_from(COUNTIES),
    DAYS_OR_NEARLY,
    st.from_regex(r"[0-9]{3}", fullmatch=True),
    st.sampled_from(["", *"0123456789X"]),
)
@example("110105", "19491231", "002", "")
@example("440703", "20230230", "002", "")
@example("132438", "19000702", "711", "")
def test_a_resident_id_is_one_by_stdnum_too(county: str, day: str, serial: str, last: str) -> None:
    """The two differ in the place, in days to come and in infants: stdnum knows when a county was there, and no today.

    A number that is a credit code as well is taken for one if its day of birth is in 1900 or before.
    """
    number = county + day + serial + last if last else checked(county + day + serial)
    if ric.is_valid(number):
        is_credit_code_too = number[0] in "159" and day[:4] <= "1900" and uscc.is_valid(number)
        age = date.today() - ric.get_birth_date(number)
        least = timedelta(0) if number.endswith("X") else timedelta(days=round(INFANT * 365.25))
        assert is_resident_id(number) == (age >= least and not is_credit_code_too)
    elif is_resident_id(number):
        assert ric.calc_check_digit(number) == number[-1]
        assert ric.get_birth_date(number)
        with pytest.raises(InvalidComponent):
            ric.get_birth_place(number)


def test_every_county_of_stdnum_has_its_persons() -> None:
    assert len(COUNTIES) > 3000
    assert [c for c in COUNTIES if not is_resident_id(checked(f"{c}19800101001"))] == []


# --- what is none ------------------------------------------------------------------------------------

CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(rng: random.Random) -> str:
    body = rng.choice("159") + rng.choice("123") + rng.choice(COUNTIES)
    body += "".join(rng.choice(CREDIT) for _ in range(9))
    return body + uscc.calc_check_digit(body)


def test_credit_codes_are_none_and_no_resident_id_passes_as_one() -> None:
    rng = random.Random(20240904)
    for _ in range(times(1000)):
        code = credit_code(rng)
        if code[:17].isdecimal() and is_resident_id(code):
            continue  # nothing tells the two apart
        assert is_credit_code(code)
        assert kind_of(code) is None
        assert kind_of(f"统一社会信用代码：{code.lower()}") is None
    areas = ("131101", "111301", "511102")  # where a credit code has its division, these have a province
    born = [f"19{rng.randint(30, 99)}0101{rng.randint(1, 999):03d}" for _ in range(times(1000))]
    ids = [checked(rng.choice(areas) + each) for each in born]
    assert not any(is_credit_code(number) or kind_of(number) != "resident_id" for number in ids)


@settings(max_examples=times(1000), deadline=None)
@given(
    st.one_of(
        st.from_regex(r"[0-9]{2}", fullmatch=True),
        st.tuples(st.sampled_from(CREDIT), st.sampled_from(CREDIT)).map("".join),
    ),
    st.one_of(st.sampled_from(COUNTIES), st.from_regex(r"[0-9]{6}", fullmatch=True)),
    st.text("0123456789", min_size=9, max_size=9) | st.text(f"{CREDIT}IOSVZ", min_size=9, max_size=9),
    st.sampled_from(["", "", "", *CREDIT, "I"]),
)
@example("91", "110000", "600037341", "L")
@example("N2", "440703", "MF1234567", "")
def test_a_credit_code_is_one_by_stdnum_too(kind: str, division: str, body: str, last: str) -> None:
    """Three differences: letters in front (the standard has them), the province, and resident ID numbers."""
    start = kind + division + body
    code = start + (last or (uscc.calc_check_digit(start) if set(start) <= set(CREDIT) else "0"))
    if is_credit_code(code):
        assert uscc.calc_check_digit(code) == code[-1]
        assert uscc.is_valid(code) == kind.isdecimal()
    elif uscc.is_valid(code):
        is_person = is_resident_id(code) or is_rounded_id(code)
        assert is_person or division[:2] not in {c[:2] for c in COUNTIES}


VILLAGES = st.from_regex(r"(11|13|15|44|53)[0-9]{4}[0-2][0-9]{2}[0-9]{3}", fullmatch=True)
COUNTED = st.one_of(
    st.integers(0, 10**10 - 1).map(str),
    st.integers(0, 10**10 - 1).map(lambda n: f"{n:,}"),
    st.decimals(0, 10**9, places=4, allow_nan=False).map(str),
    st.decimals(0, 10**9, places=2, allow_nan=False).map(lambda n: f"{n:,.2f}"),
    VILLAGES,
    VILLAGES.map(lambda v: f"{v}01"),
    VILLAGES.map(lambda v: f"{v}001"),
    VILLAGES.map(lambda v: f"{v}-01"),
    st.tuples(VILLAGES, VILLAGES).map("、".join),
    st.dates().map(str),
    st.dates().map(lambda d: f"{d:%Y%m%d}"),
    st.tuples(DAYS, DAYS).map(lambda d: f"{d[0]}至{d[1]}"),
    st.datetimes().map(lambda d: f"{d:%Y-%m-%d %H:%M:%S}"),
    st.datetimes().map(lambda d: f"{d:%Y%m%d%H%M%S}"),
    st.from_regex(r"0[0-9]{2,3}-[2-9][0-9]{6,7}", fullmatch=True),
    st.uuids().map(str),
    st.floats(0, 100).map(lambda f: f"{f:.2f}%"),
    st.lists(st.integers(0, 999), max_size=8).map(lambda n: "/".join(map(str, n))),
    st.lists(st.integers(10, 99), max_size=6).map(lambda n: " ".join(map(str, n))),
)


@settings(max_examples=times(500), deadline=None)
@given(COUNTED)
@example("1390123.4567")
@example("138.00138000")
@example("440703101001001")
@example("138/0013/8000")
@example("1500 2500 350")
@example("2026-10-01 2026-10-31")
def test_counts_amounts_codes_and_dates_are_none(text: str) -> None:
    assert kind_of(text) is None
    assert found_in_a_cell(text) is None


def texts_of_the_project() -> set[str]:
    """All names, codes, headers and messages in the project."""
    found: set[str] = set()
    for path in (*frozen.CATALOGUE.rglob("*.csv"), *PROJECT.glob("simulator/data/*.csv")):
        with path.open(encoding="utf-8", newline="") as f:
            found.update(cell for row in csv.reader(f) for cell in row)
    for folder in ("catalogue", "expectations", "sql"):
        for path in (PROJECT / folder).rglob("*.*"):
            if path.suffix in (".yaml", ".json", ".sql"):
                found.update(path.read_text(encoding="utf-8").splitlines())
    return found


def test_nothing_that_the_project_holds_is_personal_data() -> None:
    texts = texts_of_the_project()
    assert len(texts) > 5000
    assert {t for t in texts if kind_of(t)} == set()


def test_no_unit_of_the_tree_is_taken_for_a_person() -> None:
    """Names of villages and their groups are no persons, not even under a header that asks for one."""
    org = load(frozen.CATALOGUE, frozen.EXPECTATIONS).org
    names = {u.name for u in org.units.values()}
    groups = {f"{name}{serial}" for name in names for serial in ("一组", "第二村民小组", "十三队", "东片组")}
    assert len(names) > 1000
    whole = {n for n in names if n.endswith(("村", "社区", "镇", "街道", "居委会", "区", "市"))}
    assert {n for n in whole | groups if is_name(n)} == set()
    header = ["村民小组名称", *sorted(groups | names)]
    assert find_personal_data(grid_of_columns([header]), Layout()) == []


@pytest.mark.parametrize("between", ["\n", "\r\n", "\u2028", "\x0b", " ", "\u3000"])
@pytest.mark.parametrize("header", ["姓 名", "负 责人", "联 系人：", "filled by"])
def test_a_header_broken_over_lines_asks_all_the_same(header: str, between: str) -> None:
    broken = header.replace(" ", between)
    under = find_personal_data(grid_of_columns([["编码", "1", "2"], [broken, "无", "林佩仪"]]), Layout())
    assert [(h.address, h.kind) for h in under] == [("village!B3", "name")]


@pytest.mark.parametrize(
    "header", ["姓名", "书记姓名", "联系人：", "负责人（签字）", "name", "contact_name", "村民小组长"]
)
@pytest.mark.parametrize(
    "name", ["林佩仪", "陈 文", "司徒美堂", "阿卜杜拉·买买提", "张三、李四", "何卓文同志", "冼星海（兼）"]
)
def test_names_are_found_under_and_beside_what_asks_for_one(header: str, name: str) -> None:
    under = find_personal_data(grid_of_columns([["编码", "1", "2"], [header, "无", name]]), Layout())
    assert [(h.address, h.kind) for h in under] == [("village!B3", "name")]
    row: list[list[str | None]] = (
        [["编码", header, "1"], ["数", None, "2"], ["数", name, "3"]]
        if not header.isascii()
        else [[header], [name]]
    )
    beside = find_personal_data(grid_of_columns(row), Layout())
    if header.isascii():
        assert [(h.address, h.kind) for h in beside] == [("village!B1", "name")]
        assert kind_of(f'{{"{header}": "{name}"}}') == "name"
        return
    assert [(h.address, h.kind) for h in beside] == [("village!C2", "name")]
    assert kind_of(f"本表{header.rstrip('：')}：{name}") == "name"


@pytest.mark.parametrize(
    "header", ["村民小组名称", "单位名称", "党员村民小组长数", "unit_name", "备注", "负责人数"]
)
def test_a_name_under_another_header_is_a_word_like_others(header: str) -> None:
    assert find_personal_data(grid_of_columns([[header, "石溪", "高岗", "林佩仪"]]), Layout()) == []


@settings(max_examples=times(200), deadline=None)
@given(
    st.sampled_from(sorted(CALLED)),
    st.sampled_from(["：", " ", "（", ": ", " : "]),
    st.text(st.sampled_from("司前古井尚未余额林佩仪张建科单独经查符合办室中国"), min_size=2, max_size=5),
)
def test_a_countys_units_take_names_away_and_add_none(label: str, between: str, text: str) -> None:
    """So a look without them, in the cage, never passes over what the look with them would find."""
    units = Things(frozenset({"司前镇", "古井镇", "张建村"}))
    for said in (f"{label}{between}{text}", text):
        assert kind_of(said) == "name" or kind_of(said, units) != "name"
    columns = grid_of_columns([["编码", "1", "2"], [label, "无", text], [text, text, label]])
    alone, known = (find_personal_data(columns, Layout(), None, t) for t in (WORDS, units))
    assert set(known) <= set(alone)


def test_a_header_of_the_form_asks_for_no_person() -> None:
    catalogue = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
    grid = grid_of_columns([["应训组长", "3"], ["林佩仪", "4"]])
    assert find_personal_data(grid, Layout(), catalogue.forms["town_training"]) == []
    assert find_personal_data(grid, Layout(), catalogue.forms["village"]) != []


def test_values_that_offices_write_for_a_person_that_is_none() -> None:
    words = [
        "无",
        "空缺",
        "暂缺",
        "待定",
        "是",
        "3",
        "3人",
        "党员",
        "兼任",
        "同上",
        "高中",
        "全部",
        "万元",
        "石溪一组",
        "常委",
    ]
    assert [w for w in words if is_name(w)] == []


def test_a_day_of_birth_that_is_still_to_come_is_none() -> None:
    later = date.today() + timedelta(days=2)
    assert not is_resident_id(checked(f"440703{later:%Y%m%d}123"))
