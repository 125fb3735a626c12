"""The budget against a loop that adds up, under many threads."""

import threading

import numpy as np
import pytest

from core.errors import ConfigError
from core.llm.budget import OVERHEAD, Budget, BudgetSpentError, Price, Usage, price_list, price_of

PRICE = Price(input=1.0, output=10.0)


def test_a_price_is_for_a_million_tokens() -> None:
    assert price_of("gpt-4o-mini").of(2_000_000, 1_000_000) == pytest.approx(2 * 0.15 + 0.60)
    assert price_of("gpt-4o-mini", batch=True).of(2_000_000, 1_000_000) == pytest.approx((2 * 0.15 + 0.60) / 2)
    assert price_of("mine", input=3, output=4).of(1_000_000, 1_000_000) == 7
    assert price_of("mine") is None
    assert price_list().read_on == "2026-11-24"


def test_what_given_says_half_is_refused() -> None:
    with pytest.raises(ConfigError, match="one price"):
        price_of("mine", input=3)
    with pytest.raises(ConfigError, match="needs a price"):
        Budget(None, usd=1.0)


@pytest.mark.parametrize("limits", [{"tokens": 20_000}, {"usd": 0.05}, {"tokens": 20_000, "usd": 0.02}])
def test_it_is_never_exceeded_whatever_many_threads_use(limits: dict) -> None:
    budget, used, generator = Budget(PRICE, **limits), [], np.random.default_rng(0)
    sizes = generator.integers(1, (400, 300), size=(400, 2), endpoint=True).tolist()
    threads = [threading.Thread(target=_spend_all, args=(budget, sizes[part::8], used)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tokens = sum(usage.tokens for usage in used)
    usd = sum((usage.prompt_tokens * 1.0 + usage.completion_tokens * 10.0) / 1e6 for usage in used)
    assert (budget.spent_tokens, budget.spent_usd) == (tokens, pytest.approx(usd))
    assert tokens <= limits.get("tokens", 10**9)
    assert usd <= limits.get("usd", 10**9)
    most = Usage(400 + OVERHEAD, 300)
    assert tokens + most.tokens > limits.get("tokens", 10**9) or usd + PRICE.of(500, 300) > limits.get("usd", 10**9)
    assert budget.promised == Usage()


def _spend_all(budget: Budget, sizes: list[tuple[int, int]], used: list[Usage]) -> None:
    for n_bytes, max_tokens in sizes * 10:
        try:
            with budget.promise(n_bytes, max_tokens) as promise:
                usage = Usage(promise.most.prompt_tokens // 3, max_tokens // 2)
                budget.spend(usage)
                used.append(usage)
        except BudgetSpentError:
            return


def test_a_lost_answer_counts_as_much_as_it_can_have_cost() -> None:
    budget = Budget(PRICE, tokens=3 * (OVERHEAD + 200))
    with budget.promise(100, 100) as promise:
        promise.lost()
        assert budget.spent_tokens == budget.lost_tokens == OVERHEAD + 200
        promise.lost()
        with pytest.raises(BudgetSpentError):
            promise.lost()
    assert budget.spent_tokens == 3 * (OVERHEAD + 200)
    assert budget.promised == Usage()


def test_who_does_not_fit_waits_for_those_under_way() -> None:
    budget, order = Budget(PRICE, tokens=OVERHEAD + 200), []
    with budget.promise(100, 100):
        thread = threading.Thread(target=lambda: _note(budget, order))
        thread.start()
        thread.join(0.2)
        assert order == []
    thread.join()
    assert order == ["in"]


def _note(budget: Budget, order: list[str]) -> None:
    with budget.promise(100, 100):
        order.append("in")
