"""SDMX-CSV 2.0, and the structure of it as SDMX-ML 3.0.

In: an `Extract`. Out: a CSV whose lines are observations, and an XML file with code lists, concepts, the data structure
and the dataflow that the CSV names. All are of agency QIANGJI, version 1.0.

| here | in SDMX |
| --- | --- |
| indicator, unit, kind of period | dimensions INDICATOR, REF_AREA, PERIOD_TYPE, each with a code list |
| 2026-10, 2026Q3, 2026H1, 2026; a year to date in October | TIME_PERIOD 2026-10, 2026-Q3, 2026-S1, 2026; 2026-10 |
| value | OBS_VALUE |
| sums, target, units expected and reported, status | attributes of the observation |
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from qiangji.exporting import Extract
from qiangji.figures import Row
from qiangji.periods import Period
from qiangji.warehouse.dictionary import PERIODS

AGENCY, VERSION, FLOW, STRUCTURE = "QIANGJI", "1.0", "DF_INDICATORS", "DSD_INDICATORS"
FLOW_ID = f"{AGENCY}:{FLOW}({VERSION})"
_NS = {
    name: f"http://www.sdmx.org/resources/sdmxml/schemas/v3_0/{name}"
    for name in ("message", "structure", "common")
}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
Names = tuple[str, str]
"""In Chinese and English."""
CONCEPTS: dict[str, Names] = {
    "INDICATOR": ("指标", "Indicator"),
    "REF_AREA": ("单位", "Org unit"),
    "PERIOD_TYPE": ("报告期类型", "Kind of period"),
    "TIME_PERIOD": ("报告期", "Period"),
    "OBS_VALUE": ("数值", "Value"),
    "NUMERATOR": ("分子", "Numerator"),
    "DENOMINATOR": ("分母", "Denominator"),
    "TARGET": ("年度目标（示意）", "Yearly target (illustrative)"),
    "EXPECTED_UNITS": ("应报单位数", "Units expected to report"),
    "REPORTED_UNITS": ("已报单位数", "Units that reported"),
    "OBS_STATUS": ("数据状态", "Status"),
    "UNIT_MEASURE": ("计量单位", "Unit of measure"),
}
DIMENSIONS = ("INDICATOR", "REF_AREA", "PERIOD_TYPE")
ATTRIBUTES = tuple(CONCEPTS)[5:]
_TYPES: dict[str, Names] = {t: (zh, "year to date" if t == "ytd" else t) for t, zh in PERIODS.items()}


def data(extract: Extract) -> str:
    """The observations, a line each, as text."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(["STRUCTURE", "STRUCTURE_ID", "ACTION", *CONCEPTS])
    for row in extract.rows:
        writer.writerow(["dataflow", FLOW_ID, "I", *_cells(row)])
    return sink.getvalue()


def _cells(row: Row) -> Iterator[str]:
    yield from (row["indicator_code"], row["org_code"], row["period_type"], time_period(row["period"]))
    sums = (row["value"], row["numerator"], row["denominator"], row["target"])
    yield from map(_number, (*sums, row["expected_units"], row["reported_units"]))
    yield from (row["obs_status"], row["unit"])


def time_period(period: str) -> str:
    """The period as SDMX writes it: 2026-Q3, 2026-S1."""
    letter = {"quarter": "Q", "half": "S"}.get(Period.parse(period).type)
    return f"{period[:4]}-{letter}{period[5:]}" if letter else period


def _number(value: Decimal | int | None) -> str:
    return "" if value is None else format(Decimal(value).normalize(), "f")


def structure(extract: Extract) -> str:
    """What the CSV's dataflow is made of, as an SDMX-ML 3.0 structure message."""
    message = Element("mes:Structure", {f"xmlns:{short}": _NS[name] for short, name in _PREFIXES.items()})
    header = SubElement(message, "mes:Header")
    for name, text in (("ID", f"QIANGJI{extract.made_at:%Y%m%d%H%M%S}"), ("Test", "false")):
        SubElement(header, f"mes:{name}").text = text
    SubElement(header, "mes:Prepared").text = extract.made_at.isoformat(timespec="seconds")
    SubElement(header, "mes:Sender", {"id": AGENCY})
    structures = SubElement(message, "mes:Structures")
    lists = SubElement(structures, "str:Codelists")
    for name, (names, codes) in _codelists(extract).items():
        _add_items(_artefact(lists, "Codelist", name, names), "Code", codes)
    schemes = SubElement(structures, "str:ConceptSchemes")
    _add_items(_artefact(schemes, "ConceptScheme", "CS_QIANGJI", ("概念", "Concepts")), "Concept", CONCEPTS)
    flows = SubElement(structures, "str:Dataflows")
    marks = ("（模拟数据）", " (simulated)") if extract.is_simulated else ("", "")
    flow = _artefact(flows, "Dataflow", FLOW, (f"强基指标{marks[0]}", f"Qiangji indicators{marks[1]}"))
    SubElement(flow, "str:Structure").text = _urn("datastructure.DataStructure", STRUCTURE)
    _add_structure(SubElement(structures, "str:DataStructures"))
    indent(message)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(message, encoding="unicode") + "\n"


_PREFIXES = {"mes": "message", "str": "structure", "com": "common"}


def _codelists(extract: Extract) -> dict[str, tuple[Names, Mapping[str, Names]]]:
    rows = extract.rows
    return {
        "CL_INDICATOR": (
            CONCEPTS["INDICATOR"],
            {r["indicator_code"]: (r["name_zh"], r["name_en"]) for r in rows},
        ),
        "CL_REF_AREA": (CONCEPTS["REF_AREA"], {r["org_code"]: (r["org_name"], r["org_name"]) for r in rows}),
        "CL_PERIOD_TYPE": (CONCEPTS["PERIOD_TYPE"], _TYPES),
        "CL_OBS_STATUS": (
            CONCEPTS["OBS_STATUS"],
            {r["obs_status"]: (r["obs_status_zh"], r["obs_status_en"]) for r in rows},
        ),
    }


def _artefact(above: Element, kind: str, name: str, names: Names) -> Element:
    found = SubElement(above, f"str:{kind}", {"id": name, "agencyID": AGENCY, "version": VERSION})
    _add_names(found, names)
    return found


def _add_items(above: Element, kind: str, items: Mapping[str, Names]) -> None:
    for code, names in items.items():
        _add_names(SubElement(above, f"str:{kind}", {"id": code}), names)


def _add_names(above: Element, names: Names) -> None:
    for language, text in zip(("zh", "en"), names, strict=True):
        SubElement(above, "com:Name", {_XML_LANG: language}).text = text


def _add_structure(above: Element) -> None:
    components = SubElement(
        _artefact(above, "DataStructure", STRUCTURE, ("强基指标结构", "Structure of Qiangji indicators")),
        "str:DataStructureComponents",
    )
    dimensions = SubElement(components, "str:DimensionList", {"id": "DimensionDescriptor"})
    for i, name in enumerate(DIMENSIONS, 1):
        _add_component(dimensions, "Dimension", name, {"position": str(i)}, codes=f"CL_{name}")
    _add_component(dimensions, "TimeDimension", "TIME_PERIOD", {}, text="ObservationalTimePeriod")
    attributes = SubElement(components, "str:AttributeList", {"id": "AttributeDescriptor"})
    for name in ATTRIBUTES:
        is_code = name == "OBS_STATUS"
        one = _add_component(
            attributes,
            "Attribute",
            name,
            {"usage": "optional"},
            codes="CL_OBS_STATUS" if is_code else "",
            text="String" if name == "UNIT_MEASURE" else "Decimal",
        )
        SubElement(SubElement(one, "str:AttributeRelationship"), "str:Observation")
    measures = SubElement(components, "str:MeasureList", {"id": "MeasureDescriptor"})
    _add_component(measures, "Measure", "OBS_VALUE", {"usage": "optional"}, text="Decimal")


def _add_component(
    above: Element, kind: str, name: str, more: Mapping[str, str], *, codes: str = "", text: str = "String"
) -> Element:
    found = SubElement(above, f"str:{kind}", {"id": name, **more})
    SubElement(found, "str:ConceptIdentity").text = _urn("conceptscheme.Concept", "CS_QIANGJI", name)
    represented = SubElement(found, "str:LocalRepresentation")
    if codes:
        SubElement(represented, "str:Enumeration").text = _urn("codelist.Codelist", codes)
    else:
        SubElement(represented, "str:TextFormat", {"textType": text})
    return found


def _urn(kind: str, name: str, item: str = "") -> str:
    end = f".{item}" if item else ""
    return f"urn:sdmx:org.sdmx.infomodel.{kind}={AGENCY}:{name}({VERSION}){end}"
