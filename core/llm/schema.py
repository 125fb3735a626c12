"""Read the reply of a model: as JSON, as labelled sections or as free text; mend what can be mended, refuse the rest."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from core.llm.store import LIST_FIELDS, TEXT_FIELDS, Fields

Form = Literal["text", "sections", "json"]
SECTIONS = ("Background", "Appearance", "Clinical")
NOTHING = re.compile(r"(n/?a|none|not applicable|unknown|not known)?[.\s]*", re.IGNORECASE)
THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)  #: of models that think aloud
REFUSAL = re.compile(
    r"\s*(i['\u2019]?m (very |so )?sorry|sorry,|i (can(no|['\u2019])t|am (unable|not able)|must decline)|as an ai\b)",
    re.IGNORECASE,
)


class ReplyError(Exception):
    """A reply cannot be used; says why.

    :param refused: the model did not want to answer, so that asking again is useless
    """

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        self.reason = reason
        self.refused = refused
        super().__init__(reason)


def writable(text: Any) -> Any:
    """Return a text that UTF-8 can hold (JSON can spell halves of characters); anything else as it is."""
    return text.encode("utf-8", "replace").decode() if isinstance(text, str) else text


Writable = BeforeValidator(writable)
Text = Annotated[str, Writable, StringConstraints(strip_whitespace=True, max_length=6000)]
Name = Annotated[str, Writable, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Names = Annotated[list[Name], Field(max_length=100)]


class Reply(BaseModel):
    """What the prompt ``treatment`` asks for."""

    model_config = ConfigDict(extra="ignore", strict=True)

    background: Text
    mechanism: Text = ""
    indications: Text = ""
    contraindications: Text = ""
    indicated_for: Names = []
    contraindicated_in: Names = []
    targets: Names = []


#: For servers that hold a model to a schema; all keys required and no others, as strict mode wants.
REPLY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in TEXT_FIELDS}
    | {name: {"type": "array", "items": {"type": "string"}} for name in LIST_FIELDS},
    "required": [*TEXT_FIELDS, *LIST_FIELDS],
    "additionalProperties": False,
}


def read_reply(text: str, form: Form) -> Fields:
    """Return the fields that a reply fills.

    :raises ReplyError: if it is a refusal, says nothing, or has another form
    """
    text = THOUGHTS.sub("", text, count=1)
    if REFUSAL.match(text):
        raise ReplyError(f"the model refused: {_start(text)}", refused=True)
    fields = _READERS[form](text)
    if not fields:
        raise ReplyError("the model knows nothing about it", refused=True)
    return fields


def _read_json(text: str) -> Fields:
    try:
        reply = Reply.model_validate(_object_in(text))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:3]]
        raise ReplyError(f"not the form that was asked for ({'; '.join(problems)})") from error
    values = reply.model_dump()
    texts = {name: _known(values[name]) for name in TEXT_FIELDS}
    lists = {name: list(dict.fromkeys(known for each in values[name] if (known := _known(each)))) for name in LIST_FIELDS}
    return {name: value for name, value in {**texts, **lists}.items() if value}


def _object_in(text: str) -> Any:
    """Find the JSON object in a reply that may have a fence or words around it."""
    start = text.find("{")
    if start < 0:
        raise ReplyError(f"no JSON object in it: {_start(text)}")
    try:
        return json.JSONDecoder(strict=False).raw_decode(_without_trailing_commas(text[start:]))[0]
    except (json.JSONDecodeError, RecursionError) as error:
        raise ReplyError(f"no complete JSON object: it begins with {_start(text)} and ends with {text[-40:]!r}") from error


def _without_trailing_commas(text: str) -> str:
    """Drop a comma before a closing bracket, outside of strings."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', lambda match: match[1] or "", text, flags=re.DOTALL)


def _read_sections(text: str) -> Fields:
    """Read ``Background: ...; Appearance: ...; Clinical: ...``; a line break may stand for the semicolon."""
    labels = "|".join(SECTIONS)
    pieces = re.split(rf"(?:^|[;\n])[\s*#]*({labels})\**\s*:\**", ";" + text)
    found = {label: _known(body.strip(" \n\t;*")) for label, body in zip(pieces[1::2], pieces[2::2], strict=True)}
    missing = [label for label in SECTIONS if label not in found]
    if missing:
        raise ReplyError(f"no section {', '.join(missing)} in it: {_start(text)}")
    background = " ".join(part for part in (found["Background"], found["Appearance"]) if part)
    return _checked({"background": background, "indications": found["Clinical"]})


def _read_text(text: str) -> Fields:
    return _checked({"indications": _known(text)})


def _checked(fields: dict[str, str]) -> Fields:
    if any(len(value) > 6000 for value in fields.values()):
        raise ReplyError("a text of more than 6000 characters")
    return {name: value for name, value in fields.items() if value}


def _known(text: str) -> str:
    """Return the text without spaces around it; empty where it only says that nothing is known."""
    stripped = text.strip()
    return "" if NOTHING.fullmatch(stripped) else stripped


def _start(text: str) -> str:
    return repr(text[:80])


_READERS = {"json": _read_json, "sections": _read_sections, "text": _read_text}
