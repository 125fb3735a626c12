"""Read what a chat server sends: text, usage, and why there may be nothing to read."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field

from core.llm.budget import Usage, likely_tokens
from core.llm.schema import Writable


@dataclass(frozen=True)
class Answer:
    """What came back; paid for, whatever it is."""

    text: str
    usage: Usage
    refusal: str = ""  #: why there is nothing to read


def read_completion(body: Any, *, input_bytes: int = 0) -> Answer:
    """Read a chat completion.

    :param body: as it came, parsed as JSON
    :param input_bytes: of the question; for an estimate where the server does not say what it used
    :raises ValueError: if it is no chat completion
    """
    completion = _Completion.model_validate(body)
    choice = completion.choices[0]
    text = choice.message.content or ""
    guess = Usage(round(likely_tokens(input_bytes)), round(likely_tokens(len(text.encode()))))
    said = completion.usage
    usage = Usage(said.prompt_tokens, said.completion_tokens) if said else guess
    return Answer(text, usage, choice.refusal)


class _Message(BaseModel):
    content: Annotated[str | None, Writable] = None
    refusal: Annotated[str | None, Writable] = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None

    @property
    def refusal(self) -> str:
        """Return why there is nothing to read; empty where there is something."""
        if self.message.refusal or self.finish_reason == "content_filter":
            return f"the model refused: {(self.message.refusal or 'content filter')[:200]}"
        if not (self.message.content or "").strip():
            limit = "; it used all its tokens before the answer" if self.finish_reason == "length" else ""
            return f"the reply is empty{limit}"
        return ""


class _Usage(BaseModel):
    prompt_tokens: int = Field(0, ge=0)
    completion_tokens: int = Field(0, ge=0)


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None
