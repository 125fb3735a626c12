"""Find out what a server understands, and put requests in that form."""

import threading
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.llm.schema import REPLY_SCHEMA

Structure = Literal["json_schema", "json_object", "none"]
_WEAKER: dict[Structure, Structure] = {"json_schema": "json_object", "json_object": "none"}


@dataclass(frozen=True)
class ChatOptions:
    """What shapes a reply besides the messages."""

    max_tokens: int
    temperature: float | None = 0.7
    seed: int | None = None
    structured: bool = False  #: whether the reply follows :data:`core.llm.schema.REPLY_SCHEMA`

    def as_dict(self) -> dict[str, Any]:
        """Return what goes into the key of a reply."""
        return asdict(self)


class Abilities:
    """Find out what a server understands: structured replies in its strongest form, the name of the token limit."""

    def __init__(self) -> None:
        self._structure: Structure = "json_schema"
        self._proven = False
        self._limit = "max_tokens"
        self._lock = threading.Lock()

    def parameters(self, options: ChatOptions) -> dict[str, Any]:
        """Return the parameters of a request in the form that the server is believed to take."""
        with self._lock:
            found: dict[str, Any] = {self._limit: options.max_tokens}
            if options.structured and self._structure != "none":
                found["response_format"] = _FORMATS[self._structure]
        given = {"temperature": options.temperature, "seed": options.seed}
        return found | {name: value for name, value in given.items() if value is not None}

    def worked(self, parameters: dict[str, Any]) -> None:
        """Remember that the server took these."""
        with self._lock:
            self._proven = self._proven or _structure(parameters) == self._structure

    def lack(self, parameters: dict[str, Any], message: str) -> bool:
        """Weaken what a server did not take; return whether it is worth another attempt."""
        with self._lock:
            if "max_completion_tokens" in message and "max_tokens" in parameters:
                self._limit = "max_completion_tokens"
                return True
            if _structure(parameters) != self._structure and "response_format" in parameters:
                return True  # another thread found out meanwhile
            if self._proven:
                return False
            if "response_format" in parameters:
                self._structure = _WEAKER[self._structure]
                return True
            self._structure = "json_schema"  # it was not that
            return False


_FORMATS: dict[Structure, dict[str, Any]] = {
    "json_schema": {"type": "json_schema", "json_schema": {"name": "description", "strict": True, "schema": REPLY_SCHEMA}},
    "json_object": {"type": "json_object"},
}


def batch_parameters(options: ChatOptions) -> dict[str, Any]:
    """Return the parameters of a request in a batch, where nothing can be tried out: as OpenAI takes them."""
    found = Abilities().parameters(options)
    return found | {"max_completion_tokens": found.pop("max_tokens")}


def _structure(parameters: dict[str, Any]) -> Structure:
    return parameters.get("response_format", {}).get("type", "none")
