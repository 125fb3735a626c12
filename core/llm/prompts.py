"""Read the versioned prompts and make the messages that a model gets."""

from functools import cache
from typing import Literal

from pydantic import Field

from core.config import Settings, read_toml
from core.errors import UnknownNameError
from core.kg.sources import ASSETS
from core.llm.schema import Form
from core.llm.subjects import Group, Subject, quoted, shortened

Message = dict[Literal["role", "content"], str]

FOLDER = ASSETS / "prompts"
PROMPTS = ("none", "original", "good", "treatment")
LONGEST_REPAIRED = 8000  #: characters of an unusable reply that the model sees again


class Prompt(Settings):
    """The words of one version of a prompt; ``assets/prompts/README.md`` says what stands for what."""

    name: str
    version: int = Field(ge=1)
    form: Form
    max_tokens: int = Field(ge=1)
    expected_tokens: int = Field(ge=1)
    system: str
    user: str
    guidance: dict[Group, dict[str, str]] = Field(default_factory=dict)

    def messages(self, subject: Subject) -> list[Message]:
        """Return what is sent; the entity stands in it as data only."""
        words = self.guidance.get(subject.group, {}) | {"group_name": _GROUP_NAMES[subject.group]}
        text = self.user.strip()
        for name, value in words.items():
            text = text.replace(f"{{{name}}}", value)
        before, mark, after = text.partition("{entity}")  # put in last, and once: an entity may be called {entity}
        if not mark:
            before, mark, after = text.partition("{name}")
        data = subject.data if mark == "{entity}" else quoted(shortened(subject.name))
        return [{"role": "system", "content": self.system.strip()}, {"role": "user", "content": before + data + after}]

    def repair(self, messages: list[Message], reply: str, problem: str) -> list[Message]:
        """Return a second question where the reply to the first cannot be used."""
        wish = f"This cannot be used: {problem}. Give the whole answer once more, in exactly the form that was asked for."
        return [
            *messages,
            {"role": "assistant", "content": reply[:LONGEST_REPAIRED]},
            {"role": "user", "content": wish},
        ]


_GROUP_NAMES: dict[Group, str] = {"drug": "drug", "disease": "disease", "gene": "gene and its protein", "other": "entity"}


@cache
def prompt_named(name: str) -> Prompt:
    """Return the present version of a prompt.

    :raises UnknownNameError: if there is none of this name
    """
    if name not in PROMPTS:
        raise UnknownNameError("prompt", name, PROMPTS, advice="see assets/prompts/README.md.")
    return Prompt.parse(read_toml(FOLDER / f"{name}.toml"))
