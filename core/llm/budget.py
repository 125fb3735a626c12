"""Count tokens and money: estimated before, reserved before each request, settled after; never more than allowed."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from pydantic import Field

from core.config import Settings, read_toml
from core.errors import ConfigError
from core.kg.sources import ASSETS
from core.llm.prompts import Message

BYTES_A_TOKEN = 4.0  #: English text under the byte-pair encodings of present models; an approximation, for estimates only
OVERHEAD = 100  #: tokens that a chat template may add to a request, at most; of a reservation


class Price(Settings):
    """US dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    factor: float = Field(1.0, gt=0)  #: 0.5 in a batch

    def of(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Return US dollars."""
        return self.factor * (prompt_tokens * self.input + completion_tokens * self.output) / 1e6


class PriceList(Settings):
    """``assets/prices.toml``: what was read when."""

    read_on: str
    batch_factor: float
    models: dict[str, Price]


@cache
def price_list() -> PriceList:
    """Return the shipped prices."""
    return PriceList.parse(read_toml(ASSETS / "prices.toml"))


def price_of(model: str, *, input: float | None = None, output: float | None = None, batch: bool = False) -> Price | None:
    """Return what a model costs: as given, else as shipped; None where nobody knows.

    :raises ConfigError: if only one of the two prices is given
    """
    if (input is None) != (output is None):
        raise ConfigError("Only one price is given.", expected="--price-in and --price-out, US dollars for a million tokens")
    factor = price_list().batch_factor if batch else 1.0
    if input is not None:
        return Price.parse({"input": input, "output": output, "factor": factor})
    shipped = price_list().models.get(model)
    return shipped and shipped.replace(factor=factor)


def input_bytes(messages: Sequence[Message]) -> int:
    """Return the length of what is sent, UTF-8."""
    return sum(len(message["content"].encode("utf-8", "replace")) for message in messages)


def likely_tokens(n_bytes: float) -> float:
    """Estimate the tokens of so many bytes; no tokenizer of OpenAI's works without a download."""
    return n_bytes / BYTES_A_TOKEN


@dataclass(frozen=True)
class Usage:
    """What a request used."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Return all tokens."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(self.prompt_tokens - other.prompt_tokens, self.completion_tokens - other.completion_tokens)


class BudgetSpentError(Exception):
    """The next request might cost more than is left."""


@dataclass
class Budget:
    """What may be spent, what is, and what is promised to requests that are under way. Threads share it.

    A request is promised the most it can use: as many prompt tokens as it has bytes (no byte-level tokenizer makes more) and
    its limit of completion tokens. It is asked only if that fits, so the sum never grows beyond the budget.

    :param price: None where it is not known; then money is not counted
    """

    price: Price | None
    usd: float | None = None
    tokens: int | None = None
    spent_usd: float = 0.0
    spent_tokens: int = 0
    lost_tokens: int = 0  #: of ``spent_tokens``: promised to requests whose answer was lost, so perhaps paid
    promised: Usage = Usage()  #: to requests that are under way
    _promises: set["Promise"] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        if self.usd is not None and self.price is None:
            raise ConfigError(
                "A budget in dollars needs a price, and none is known for this model.",
                expected="a model of assets/prices.toml, or --price-in and --price-out",
                advice="give both prices, or a budget in tokens.",
            )

    @contextmanager
    def promise(self, n_bytes: int, max_tokens: int, *, wait: bool = True) -> Iterator["Promise"]:
        """Reserve what a request may use at most.

        :param wait: for others to settle, where it does not fit now
        :raises BudgetSpentError: if it does not fit and nothing that is under way can change that
        """
        promise = Promise(self, Usage(n_bytes + OVERHEAD, max_tokens))
        with self._changed:
            self._reserve(promise, wait=wait)
        try:
            yield promise
        finally:
            with self._changed:
                self._withdraw(promise)
                self._changed.notify_all()

    @property
    def under_way(self) -> int:
        """Return how many requests something is promised to."""
        return len(self._promises)

    def _reserve(self, promise: "Promise", *, wait: bool = True) -> None:
        while not self._fits(promise.most):
            if not wait or not self._promises:
                raise BudgetSpentError
            self._changed.wait(0.5)
        self._promises.add(promise)
        self.promised += promise.most

    def _withdraw(self, promise: "Promise") -> None:
        self._promises.remove(promise)
        self.promised -= promise.most

    def _fits(self, more: Usage) -> bool:
        wanted = self.promised + more
        tokens, usd = self.spent_tokens + wanted.tokens, self.spent_usd + self._cost(wanted)
        return (self.tokens is None or tokens <= self.tokens) and (self.usd is None or usd <= self.usd)

    def _cost(self, usage: Usage) -> float:
        return self.price.of(usage.prompt_tokens, usage.completion_tokens) if self.price else 0.0

    def spend(self, usage: Usage) -> float:
        """Count what was used; return US dollars."""
        with self._changed:
            self.spent_tokens += usage.tokens
            self.spent_usd += self._cost(usage)
        return self._cost(usage)


@dataclass(eq=False)
class Promise:
    """The part of a budget that is kept for one request."""

    budget: Budget
    most: Usage

    def give_up(self) -> None:
        """Count the most that a request can have cost whose answer never came."""
        with self.budget._changed:
            self.budget.spend(self.most)
            self.budget.lost_tokens += self.most.tokens

    def lost(self) -> None:
        """Count the most that a request can have cost whose answer never came; promise as much for the next try.

        :raises BudgetSpentError: if that does not fit any more
        """
        budget = self.budget
        with budget._changed:
            self.give_up()
            budget._withdraw(self)
            try:
                budget._reserve(self)
            except BudgetSpentError:
                self.most = Usage()  # it is spent already
                budget._promises.add(self)
                raise
