"""Products of complex vectors, kept as real half and imaginary half."""

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from core.kge.kernels.loops import array, in_chunks, is_fast, loop


def complex_product(left: Tensor, right: Tensor) -> Tensor:
    """Multiply coordinate by coordinate. Shapes (..., d), (..., d) -> (..., d) with d even."""
    if is_fast(left, right) and left.shape == right.shape:
        return _Product.apply(left, right)
    return plain_complex_product(left, right)


def plain_complex_product(left: Tensor, right: Tensor) -> Tensor:
    """Compute the same with torch alone: the formula as it is written."""
    (a, b), (c, d) = left.chunk(2, dim=-1), right.chunk(2, dim=-1)
    return torch.cat([a * c - b * d, a * d + b * c], dim=-1)


class _Product(Function):
    """Go over the numbers once each way, without a tensor for each of the four products."""

    @staticmethod
    def forward(ctx, left: Tensor, right: Tensor) -> Tensor:
        ctx.save_for_backward(left, right)
        result = torch.empty(left.shape)
        in_chunks(_multiply, _rows(left), _rows(right), _rows(result))
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Multiply the gradient by the other factor's conjugate."""
        left, right = ctx.saved_tensors
        to_left, to_right = torch.empty(left.shape), torch.empty(right.shape)
        in_chunks(_multiply_back, *(_rows(tensor) for tensor in (left, right, gradient, to_left, to_right)))
        return to_left, to_right


def _rows(tensor: Tensor):
    return array(tensor).reshape(-1, tensor.shape[-1])


@loop
def _multiply(left, right, result):
    half = left.shape[1] // 2
    for i in range(left.shape[0]):
        a, b, c, d = left[i, :half], left[i, half:], right[i, :half], right[i, half:]
        real, imaginary = result[i, :half], result[i, half:]
        for j in range(half):
            real[j] = a[j] * c[j] - b[j] * d[j]
            imaginary[j] = a[j] * d[j] + b[j] * c[j]


@loop
def _multiply_back(left, right, gradient, to_left, to_right):
    half = left.shape[1] // 2
    for i in range(left.shape[0]):
        a, b, c, d = left[i, :half], left[i, half:], right[i, :half], right[i, half:]
        x, y = gradient[i, :half], gradient[i, half:]
        to_a, to_b, to_c, to_d = to_left[i, :half], to_left[i, half:], to_right[i, :half], to_right[i, half:]
        for j in range(half):
            to_a[j] = x[j] * c[j] + y[j] * d[j]
            to_b[j] = y[j] * c[j] - x[j] * d[j]
            to_c[j] = x[j] * a[j] + y[j] * b[j]
            to_d[j] = y[j] * a[j] - x[j] * b[j]
