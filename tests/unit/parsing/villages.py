"""The form of villages that tests of reading read, with the fields that each of them needs."""

from __future__ import annotations

from typing import Any

from qiangji.catalogue.models import Form


def village_form(
    fields: dict[str, Any], title: str = "行政村月报表", headers: tuple[str, ...] = ("村编码",)
) -> Form:
    """A monthly form of villages. A field given by its label alone is a whole number."""
    return Form.model_validate(
        {
            "form": "village",
            "title": {"zh": title, "en": "Villages"},
            "grain": "village",
            "period_type": "month",
            "due_working_day": 5,
            "key": "village_code",
            "key_headers": headers,
            "key_pattern": "[0-9]{12}",
            "name_headers": ["村名"],
            "fields": {name: _field(name, said) for name, said in fields.items()},
        }
    )


def _field(name: str, said: Any) -> dict[str, Any]:
    told = {"label": said} if isinstance(said, str) else said
    return (
        {"type": "integer"}
        | told
        | {"label": {"zh": told["label"], "en": name.replace("_", " ").capitalize()}}
    )
