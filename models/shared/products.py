"""Matrix products with the same bits on every processor.

With reproducible numerics each output is a sum over k, in this order, of fused multiply-adds in
float32; a sum of more than CHUNK terms is the sum, in order, of the sums of its chunks. The kernels
of oneDNN compute just that, with vectors of any width, as long as they do not split k: from about
400 terms on they do, by rules that depend on the instruction set. Batched products of small
matrices are those of MKL with instructions for all processors.

With native numerics, on other devices and in other precisions, these are PyTorch's own products.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import Numerics
from models.shared.numerics import ENVIRONMENT, is_set

CHUNK = 384  # terms of a sum that oneDNN computes in order
# oneDNN compiles a kernel for each shape, and batches have any number of positions: products have
# multiples of ROWS rows, and up to ROWS more, a multiple of REST, for the rest.
ROWS, REST = 32, 8
_SMALL = 16**3  # PyTorch does not call oneDNN for products with at most so many multiplications
# Sides of batched products, for the same reason. Those of fewer multiplications a matrix are left
# to MKL: with instructions for all processors it is slow, but a call for each, without AVX-512,
# slower.
SIDE, BATCHED = 16, 32**3

_current = Numerics.NATIVE


def select(numerics: Numerics) -> None:
    """Use `numerics` in this process from now on; until then they are native.

    Without AVX2 prints a warning on stderr and uses native numerics. Raises RuntimeError if the
    variables of ENVIRONMENT were not set when torch was loaded.
    """
    global _current
    if numerics is Numerics.REPRODUCIBLE and not torch.cpu.get_capabilities().get("avx2", False):
        print(
            "warning: this processor has no AVX2: results agree with those of others within "
            "rounding, not in every bit",
            file=sys.stderr,
        )
        numerics = Numerics.NATIVE
    if numerics is Numerics.REPRODUCIBLE and (
        torch.backends.cpu.get_cpu_capability() != "AVX2" or not is_set()
    ):
        variables = " ".join(f"{name}={values[0]}" for name, values in ENVIRONMENT.items())
        raise RuntimeError(f"reproducible numerics need {variables} before torch is loaded")
    _current = numerics


def are_defined(*tensors: Tensor) -> bool:
    """Whether products of `tensors` follow the definition: float32 on the CPU, reproducible."""
    return _current is Numerics.REPRODUCIBLE and all(
        tensor.dtype is torch.float32 and tensor.device.type == "cpu" for tensor in tensors
    )


class Linear(nn.Linear):
    """nn.Linear by `linear`."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (..., in_features) to (..., out_features)."""
        return linear(inputs, self.weight, self.bias)


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return inputs weight^T + bias, (..., n), of inputs (..., k), weight (n, k) and bias (n,)."""
    if not are_defined(inputs, weight):
        return F.linear(inputs, weight, bias)
    rows = inputs.reshape(-1, inputs.shape[-1])
    return _Linear.apply(rows, weight, bias).view(*inputs.shape[:-1], len(weight))


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Return a b, (..., m, n), of a (..., m, k) and b (..., k, n).

    The leading axes of b are the last leading axes of a, or all of them.
    """
    if not are_defined(a, b):
        return a @ b
    if b.dim() == 2:
        return linear(a, b.t())
    own, shared = a.dim() - b.dim(), b.dim() - 2
    if own:  # (shared, own, m, k): the matrices of one b are rows of one product
        a = a.movedim(tuple(range(own)), tuple(range(shared, shared + own)))
    rows = a.shape[shared:-1]
    a = a.flatten(shared, -2)
    product = _Batched.apply(_as_batch(a), _as_batch(b)).view(*b.shape[:-2], *rows, b.shape[-1])
    if own:
        product = product.movedim(tuple(range(shared, shared + own)), tuple(range(own)))
    return product


def _as_batch(matrices: Tensor) -> Tensor:
    return matrices.reshape(-1, *matrices.shape[-2:])


class _Linear(torch.autograd.Function):
    """inputs (m, k), weight (n, k), bias (n,)."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(inputs, weight)
        return product(inputs, weight.t(), bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight = ctx.saved_tensors
        of_inputs, of_weight, of_bias = ctx.needs_input_grad
        return (
            product(gradient, weight) if of_inputs else None,
            product(gradient.t(), inputs) if of_weight else None,
            gradient.sum(0) if of_bias else None,
        )


class _Batched(torch.autograd.Function):
    """a (batch, m, k), b (batch, k, n)."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        return _batched_product(a, b)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        a, b = ctx.saved_tensors
        of_a, of_b = ctx.needs_input_grad
        return (
            _batched_product(gradient, b.transpose(1, 2)) if of_a else None,
            _batched_product(a.transpose(1, 2), gradient) if of_b else None,
        )


def product(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return a b + bias, (m, n), of a (m, k), b (k, n) and bias (n,), by the definition.

    Gradients do not flow through it: `linear` is for networks.
    """
    if b.shape[1] == 1:
        return product(a, b.repeat(1, 2), None if bias is None else bias.repeat(2))[:, :1]
    rows, columns = a.shape[0], b.shape[1]
    rest = rows % ROWS
    missing = -rest % REST
    if rows == rest and not missing:
        return _write_product(a.new_empty(rows, columns), a, b, bias)
    result = a.new_empty(rows, columns)
    if whole := rows - rest:
        _write_product(result[:whole], a[:whole], b, bias)
    if rest:
        last = _padded(a[whole:], (0, 0, 0, missing))
        product_of_last = _write_product(a.new_empty(len(last), columns), last, b, bias)
        result[whole:] = product_of_last[:rest]
    return result


def _write_product(result: Tensor, a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
    """Write a b + bias to result (m, n), for m a multiple of REST; return it."""
    for start in range(0, b.shape[0], CHUNK):
        left, right = a[:, start : start + CHUNK], b[start : start + CHUNK]
        if start and (missing := -len(right) % ROWS):
            # of a gradient's sum over positions, whose rows are columns; others have few lengths
            left = _padded(left.t(), (0, 0, 0, missing)).t()
            right = _padded(right, (0, 0, 0, missing))
        if left.numel() * right.shape[1] <= _SMALL or not _has_avx512():
            part = _onednn(left, right, None if start else bias)
            result.add_(part) if start else result.copy_(part)
            continue
        with _onednn_in_torch():
            if start:
                result.addmm_(left, right)
            elif bias is None:
                torch.mm(left, right, out=result)
            else:
                torch.addmm(bias, left, right, out=result)
    return result


def _padded(matrix: Tensor, zeros: tuple[int, ...]) -> Tensor:
    return F.pad(matrix, zeros) if any(zeros) else matrix


def _batched_product(a: Tensor, b: Tensor) -> Tensor:
    """Return a b, (batch, m, n), of a (batch, m, k) and b (batch, k, n)."""
    rows, columns = a.shape[1], b.shape[2]
    if rows * a.shape[2] * columns < BATCHED:
        return a @ b  # by MKL
    missing = [-side % SIDE for side in (rows, a.shape[2], columns)]
    a = _padded(a, (0, missing[1], 0, missing[0]))
    b = _padded(b, (0, missing[2], 0, missing[1]))
    total = None
    for start in range(0, b.shape[1], CHUNK):
        left, right = a[..., start : start + CHUNK], b[:, start : start + CHUNK]
        if _has_avx512():
            with _onednn_in_torch():
                total = left @ right if total is None else total.baddbmm_(left, right)
        else:
            part = torch.stack([_onednn(*pair) for pair in zip(left, right, strict=True)])
            total = part if total is None else total.add_(part)
    return total[:, :rows, :columns]


def _has_avx512() -> bool:
    """Whether PyTorch's products can be those of oneDNN."""
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


@contextmanager
def _onednn_in_torch() -> Iterator[None]:
    """Compute PyTorch's products of more than _SMALL multiplications by oneDNN; needs AVX-512.

    They stay in float32: bfloat16 is permitted, but ENVIRONMENT leaves no instructions for it.
    """
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = "ieee"


def _onednn(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return a b + bias, (m, n), by oneDNN on every processor, if more slowly."""
    weight = b.t()
    if not (weight.is_contiguous() or b.is_contiguous()):
        weight = weight.contiguous()  # with other strides oneDNN takes another kernel
    return torch.ops.mkldnn._linear_pointwise(a, weight, bias, "none", [], "")
