"""The form JSON that administrators paste: checked when it is stored, filled and cut when it is shown.

Source: modals.md; the limits are Discord's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from husqy_graphql.core.pasted_json import BadPastedJSON, PastedFault, check_text, parse_object

TITLE_MAX = 45
DESCRIPTION_MAX = 100
ROWS_MAX = 5
ANSWER_MAX = 4_000
_TEXT_INPUT, _ACTION_ROW = 4, 1  # Discord's component types
_SHORT, _PARAGRAPH = 1, 2  # and its styles of a text input


@dataclass(frozen=True, slots=True)
class FormRow:
    """A question; `description` is the hint in the empty field."""

    title: str
    description: str | None
    paragraph: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Form:
    title: str
    rows: tuple[FormRow, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question; empty for one that was left out."""

    question: str
    value: str


def parse_form(text: str) -> Form:
    """The form of a text. Raises BadPastedJSON with every fault."""
    given = parse_object(text)
    faults: list[PastedFault] = []
    title = _title(given.get("title"), "title", faults)
    rows = given.get("rows")
    if not isinstance(rows, list) or not 1 <= len(cast("list[Any]", rows)) <= ROWS_MAX:
        faults.append(PastedFault("rows", f"must be a list of 1 to {ROWS_MAX} fields"))
        rows = []
    found = [_row(each, f"rows[{index}]", faults) for index, each in enumerate(cast("list[Any]", rows))]
    if faults:
        raise BadPastedJSON(faults)
    return Form(title, tuple(found))


def render_form(form: Form, custom_id: str, replace: Callable[[str], str]) -> dict[str, Any]:
    """The form as Discord's modal, with `replace` done in every text, cut to the limits.

    The custom id of each field is the number of its row, from "0".
    """
    rows = [
        {
            "type": _ACTION_ROW,
            "components": [
                {
                    "type": _TEXT_INPUT,
                    "custom_id": str(index),
                    "style": _PARAGRAPH if row.paragraph else _SHORT,
                    "label": replace(row.title)[:TITLE_MAX] or str(index + 1),
                    "required": row.required,
                    **({"placeholder": replace(row.description)[:DESCRIPTION_MAX]} if row.description else {}),
                }
            ],
        }
        for index, row in enumerate(form.rows)
    ]
    return {"custom_id": custom_id, "title": replace(form.title)[:TITLE_MAX] or "…", "components": rows}


def read_answers(form: Form, values: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """The submitted values by question, in the order of the form. Raises BadPastedJSON for a value that is no field of
    the form, for one that comes twice, and for a required one that is missing."""
    given: dict[str, str] = {}
    faults: list[PastedFault] = []
    fields = {str(index) for index in range(len(form.rows))}
    for index, each in enumerate(values):
        custom_id, value = each.get("custom_id"), each.get("value")
        place = f"values[{index}]"
        if not isinstance(custom_id, str) or custom_id not in fields or custom_id in given:
            faults.append(PastedFault(f"{place}.custom_id", "must be a field of the form, each once"))
        elif not isinstance(value, str) or len(value) > ANSWER_MAX:
            faults.append(PastedFault(f"{place}.value", f"must be a text of at most {ANSWER_MAX} characters"))
        else:
            given[custom_id] = value
    for index, row in enumerate(form.rows):
        if row.required and not given.get(str(index), "").strip() and not faults:
            faults.append(PastedFault("values", f"must have an answer to “{row.title}”"))
    if faults:
        raise BadPastedJSON(faults)
    return [Answer(row.title, given.get(str(index), "")) for index, row in enumerate(form.rows)]


def _row(given: Any, path: str, faults: list[PastedFault]) -> FormRow:
    if not isinstance(given, dict):
        faults.append(PastedFault(path, "must be an object"))
        return FormRow("", None, paragraph=False, required=False)
    source = cast("dict[str, Any]", given)
    given_description, description = source.get("description"), None
    if given_description is not None and given_description != "":
        description = check_text(given_description, DESCRIPTION_MAX, f"{path}.description", faults)
    return FormRow(
        title=_title(source.get("title"), f"{path}.title", faults),
        description=description,
        paragraph=_flag(source, "paragraph", path, faults, otherwise=False),
        required=_flag(source, "required", path, faults, otherwise=True),
    )


def _title(given: Any, path: str, faults: list[PastedFault]) -> str:
    if given is None or given == "":
        faults.append(PastedFault(path, f"must have 1 to {TITLE_MAX} characters"))
        return ""
    return check_text(given, TITLE_MAX, path, faults) or ""


def _flag(source: Mapping[str, Any], name: str, path: str, faults: list[PastedFault], *, otherwise: bool) -> bool:
    given = source.get(name, otherwise)
    if not isinstance(given, bool):
        faults.append(PastedFault(f"{path}.{name}", "must be true or false"))
        return otherwise
    return given
