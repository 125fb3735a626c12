"""Describe entities: each question is asked once, each answer is kept as it arrives, any number at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from core.config import DescribeSettings
from core.errors import UnknownNameError
from core.kg.graph import KnowledgeGraph
from core.llm.abilities import ChatOptions
from core.llm.budget import Budget, Promise, input_bytes, likely_tokens
from core.llm.cache import CachedReply, Question, ReplyCache, reply_key
from core.llm.completions import Answer
from core.llm.following import Tally
from core.llm.limits import RateLimit
from core.llm.prompts import Message, prompt_named
from core.llm.schema import REPLY_SCHEMA, ReplyError, read_reply
from core.llm.store import DescriptionStore, Version
from core.llm.subjects import Subjects

SECONDS_BETWEEN_LOOKS = 0.2  #: at an answer that another process has asked for
SCHEMA_BYTES = len(str(REPLY_SCHEMA))  #: a server may count the schema as part of the prompt

State = Literal["written", "kept", "refused", "waiting"]


class Asking(Protocol):
    """Ask a chat model (:class:`core.llm.client.ChatClient`)."""

    limits: RateLimit

    def ask(self, messages: list[Message], options: ChatOptions, promise: Promise) -> Answer:
        """Return the reply."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What became of one entity."""

    state: State
    reason: str = ""
    version: Version | None = None


class WaitingError(Exception):
    """A batch at the server has this question; its answer is still to be collected."""


class UnansweredError(Exception):
    """The question is new, and this writer does not ask."""

    def __init__(self, question: Question, messages: list[Message]) -> None:
        self.question = question
        self.messages = messages
        super().__init__()


class Writer:
    """Describe the entities of one graph under one prompt with one model.

    :param client: None looks into what is there only
    :param retry_refused: ask again what was refused before
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        settings: DescribeSettings,
        *,
        cache: ReplyCache,
        store: DescriptionStore,
        client: Asking | None,
        budget: Budget,
        retry_refused: bool = False,
    ) -> None:
        self.graph = graph
        self.settings = settings
        self.prompt = prompt_named(settings.prompt)
        self.options = ChatOptions(
            settings.max_tokens or self.prompt.max_tokens, settings.temperature, settings.seed, self.prompt.form == "json"
        )
        self.cache = cache
        self.store = store
        self.client = client
        self.budget = budget
        self._retry_refused = retry_refused
        self._subjects = Subjects(graph, neighbours=settings.neighbours)

    def question(self, row: int) -> tuple[Question, list[Message]]:
        """Return what is asked about an entity."""
        return self._question(self.prompt.messages(self._subjects.of(row)))

    def describe(self, row: int) -> Outcome:
        """Describe one entity, or find what was written about it.

        :raises ChatError: if the server does not answer usably
        :raises BudgetSpentError: if the budget does not allow to ask
        :raises UnansweredError: if there is no client and nobody has answered yet
        """
        question, messages = self.question(row)
        try:
            reply = self._reply(question, messages)
            if reply.state == "refused" and self._retry_refused and self.client:
                self.cache.reopen(question.key)
                reply = self._reply(question, messages)
            return self._read(row, question, messages, reply)
        except WaitingError:
            return Outcome("waiting", "in a batch")

    def tally(self, total: int) -> Tally:
        """Return the counts of an extraction that begins."""
        tally = Tally(total, self.graph.name, self.prompt.name, self.settings.model)
        tally.budget_usd, tally.budget_tokens = self.budget.usd, self.budget.tokens
        return tally

    def identity(self, row: int) -> dict[str, str]:
        """Return what names an entity in a status."""
        return {"entity": self.graph.vocabulary.entities[row], "name": self.graph.names[row]}

    def _read(self, row: int, question: Question, messages: list[Message], reply: CachedReply) -> Outcome:
        if reply.state == "refused":
            return Outcome("refused", reply.reason)
        try:
            return self._written(row, question.key, reply, (reply,))
        except ReplyError as error:
            if error.refused:
                return self._refused(error.reason, question.key)
            problem = error.reason
        return self._repaired(row, question, messages, reply, problem)

    def _repaired(self, row: int, first: Question, messages: list[Message], reply: CachedReply, problem: str) -> Outcome:
        """Ask once more for the right form; refuse what is not usable then."""
        question, wish = self._question(self.prompt.repair(messages, reply.text, problem))
        second = self._reply(question, wish)
        if second.state == "refused":
            return self._refused(second.reason, first.key)
        try:
            return self._written(row, question.key, second, (reply, second))
        except ReplyError as error:
            return self._refused(f"twice not usable: {error.reason}", first.key, question.key)

    def _refused(self, reason: str, *keys: bytes) -> Outcome:
        for key in keys:
            self.cache.refuse(key, reason)
        return Outcome("refused", reason)

    def _written(self, row: int, key: bytes, reply: CachedReply, paid: Sequence[CachedReply]) -> Outcome:
        version = Version(
            graph=self.graph.name,
            entity=self.graph.vocabulary.entities[row],
            name=self.graph.names[row],
            kind=self.graph.kinds[row],
            prompt=self.prompt.name,
            prompt_version=self.prompt.version,
            model=self.settings.model,
            fields=read_reply(reply.text, self.prompt.form),
            temperature=self.settings.temperature,
            seed=self.settings.seed,
            neighbours=self.settings.neighbours,
            prompt_tokens=sum(each.prompt_tokens for each in paid),
            completion_tokens=sum(each.completion_tokens for each in paid),
            cost=sum(each.cost for each in paid),
            reply=key,
        )
        return Outcome("written" if self.store.add(version) else "kept", version=version)

    def _reply(self, question: Question, messages: list[Message]) -> CachedReply:
        """Return the reply that is there, that another process gets now, or a new one."""
        while (cached := self.cache.get(question.key)) is None:
            if self.cache.waiting_in_batch(question.key):
                raise WaitingError
            if self.client is None:
                raise UnansweredError(question, messages)
            with self.budget.promise(question.input_bytes, self.options.max_tokens) as promise:
                if self.cache.claim(question):
                    return self._asked(question, messages, promise)
            self.client.limits.sleep(SECONDS_BETWEEN_LOOKS)
        return cached

    def _asked(self, question: Question, messages: list[Message], promise: Promise) -> CachedReply:
        assert self.client is not None  # noqa: S101 - _reply looked
        try:
            answer = self.client.ask(messages, self.options, promise)
        except BaseException:
            self.cache.release(question.key)
            raise
        return keep_answer(self.cache, question.key, answer, self.budget)

    def _question(self, messages: list[Message]) -> tuple[Question, list[Message]]:
        key = reply_key(self.settings.model, self.options.as_dict(), self.prompt.name, self.prompt.version, messages)
        size = input_bytes(messages) + (SCHEMA_BYTES if self.options.structured else 0)
        return Question(key, self.settings.model, self.prompt.name, size), messages


def keep_answer(cache: ReplyCache, key: bytes, answer: Answer, budget: Budget) -> CachedReply:
    """Write an answer durably and count what it cost."""
    cost = budget.spend(answer.usage)
    reply = CachedReply(
        "refused" if answer.refusal else "done",
        answer.text,
        answer.refusal,
        answer.usage.prompt_tokens,
        answer.usage.completion_tokens,
        cost,
    )
    cache.finish(key, reply)
    return reply


def chosen_rows(graph: KnowledgeGraph, settings: DescribeSettings) -> list[int]:
    """Return which entities are described, in which order.

    :raises UnknownNameError: if the graph has no entity of a kind
    """
    for kind in settings.kinds:
        if kind not in graph.kind_names:
            raise UnknownNameError("kind of entity", kind, graph.kind_names)
    first = [graph.source.drug_kind, graph.source.disease_kind]
    kinds = settings.kinds or (*first, *(kind for kind in graph.kind_names if kind not in first))
    rows = np.concatenate([graph.of_kind(kind) for kind in kinds])
    return rows[: settings.limit].tolist()


@dataclass(frozen=True)
class Estimate:
    """What an extraction will ask and cost, before it starts."""

    entities: int
    answered: int  #: of them; cost nothing more
    prompt_tokens: int
    completion_tokens: int
    usd: float | None  #: None where no price is known
    measured: bool  #: from earlier replies of this model under this prompt, not from the prompt's own guess


def estimate(writer: Writer, rows: Sequence[int]) -> Estimate:
    """Count what is not answered yet; nothing is asked."""
    usual = writer.cache.usual_tokens(writer.settings.model, writer.prompt.name)
    a_byte, a_reply = usual or (likely_tokens(1), float(min(writer.prompt.expected_tokens, writer.options.max_tokens)))
    sizes = [question.input_bytes for row in rows if not _is_answered(writer, question := writer.question(row)[0])]
    prompt, completion = round(sum(sizes) * a_byte), round(len(sizes) * a_reply)
    usd = writer.budget.price.of(prompt, completion) if writer.budget.price else None
    return Estimate(len(rows), len(rows) - len(sizes), prompt, completion, usd, usual is not None)


def _is_answered(writer: Writer, question: Question) -> bool:
    return writer.cache.get(question.key) is not None or writer.cache.waiting_in_batch(question.key)
