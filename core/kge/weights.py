"""Train the weights that an interaction has of its own, beside the tables of entities and relations."""

from collections.abc import Callable

from torch import Tensor, nn

from core.kge.optimizers import Optimizer, all_rows, optimizer_state

WEIGHTS_RATE = 0.1  #: of the learning rate: a weight moves the scores of all triples at once


class Weights:
    """Hold the weights of an interaction with one optimiser each.

    :param module: None where the interaction has no weights
    :param make: the optimiser of the run; a weight is a table of its first axis, a vector or number one row
    :param rate: learning rate of the run
    """

    def __init__(self, module: nn.Module | None, make: Callable[[Tensor, float], Optimizer], rate: float) -> None:
        self._module = module
        parameters = dict(module.named_parameters()) if module else {}
        self._parameters = parameters
        self._optimizers = {name: make(_table(weight.data), rate * WEIGHTS_RATE) for name, weight in parameters.items()}

    def step(self) -> None:
        """Move each weight against its gradient, and forget that."""
        for name, weight in self._parameters.items():
            if weight.grad is not None:
                gradient, weight.grad = _table(weight.grad), None
                self._optimizers[name].step(all_rows(gradient), gradient)

    def forget(self) -> None:
        """Drop gradients that a step left behind which did not come to its end."""
        for weight in self._parameters.values():
            weight.grad = None

    def state(self) -> dict[str, Tensor]:
        """Return all tensors that training changes, by name: weights, running means and optimisers."""
        states = (optimizer_state(f"weights.{name}", each) for name, each in self._optimizers.items())
        return weights_of(self._module) | {name: tensor for state in states for name, tensor in state.items()}

    def tables(self) -> list[Tensor]:
        """Return the weights themselves."""
        return [weight.data for weight in self._parameters.values()]


def weights_of(module: nn.Module | None) -> dict[str, Tensor]:
    """Return the weights and running means of a module, as a checkpoint names them."""
    return {f"weights.{name}": tensor for name, tensor in module.state_dict().items()} if module else {}


def _table(weight: Tensor) -> Tensor:
    return weight.contiguous().view(len(weight), -1) if weight.dim() > 1 else weight.view(1, -1)
