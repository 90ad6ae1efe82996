"""One layer of each type of Vaswani et al. 2017, table 1, as the networks here have it.

All map (1, n, d) to the same shape, without the residuals, normalisation and feed-forward networks
around them. Convolutions and restricted attention are causal, as in a generative model.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import count

from torch import Tensor
from torch.nn import functional as F

from models.convs2s.network import GatedConvolution
from models.lstm.layers import Lstm
from models.settings import Backend, ConvS2SSettings, Local1D, SequenceLayout, Sinusoid
from models.transformer.multi_head import SelfAttention
from models.transformer.patterns import Full, Local, Pattern

HEADS = 4
KERNEL_SIZE = 3  # k


class LayerType(StrEnum):
    """What connects the positions."""

    SELF_ATTENTION = "self-attention"
    RECURRENT = "recurrent"
    CONVOLUTION = "convolution"
    DILATED = "convolution, dilated"  # a layer's dilation is k times that of the layer below it
    RESTRICTED = "self-attention, restricted"


def layer(kind: LayerType, like: Tensor, block: int, depth: int = 0) -> Callable[[Tensor], Tensor]:
    """A new layer for tensors shaped as `like` (1, n, d), on its device and in its data type.

    A restricted query attends to its own block and to the one before it: r = 2 `block`. `depth` is
    the number of layers below, which decides the dilation.
    """
    length, d_model = like.shape[1:]
    match kind:
        case LayerType.SELF_ATTENTION:
            return _attention(Full(Backend.DENSE, causal=False), like)
        case LayerType.RESTRICTED:
            settings = Local1D(kind="local_1d", query_block=block, memory_block=block)
            pattern = Local(settings, SequenceLayout())
            # Computed once for all layers of a network, so it is no cost of one layer.
            pattern.decoding_blocks(length, None, like.device)
            return _attention(pattern, like)
        case LayerType.RECURRENT:
            recurrence = Lstm(d_model, d_model).to(like)
            return lambda inputs: recurrence(inputs)[0]
        case LayerType.CONVOLUTION | LayerType.DILATED:
            convolution = GatedConvolution(_convolutional(d_model)).to(like)
            dilation = KERNEL_SIZE**depth if kind is LayerType.DILATED else 1
            return lambda inputs: _convolved(convolution, inputs, dilation)


def _convolved(convolution: GatedConvolution, inputs: Tensor, dilation: int) -> Tensor:
    """Causal convolution of inputs (1, n, d): each `dilation`-th position is a sequence."""
    length = inputs.shape[1]
    filled = F.pad(inputs[0], (0, 0, 0, -length % dilation))
    phases = filled.unflatten(0, (-1, dilation)).transpose(0, 1)
    outputs = convolution(F.pad(phases, (0, 0, KERNEL_SIZE - 1, 0)))
    return outputs.transpose(0, 1).flatten(0, 1)[None, :length]


def _attention(pattern: Pattern, like: Tensor) -> SelfAttention:
    return SelfAttention(like.shape[-1], HEADS, 0.0, pattern, None).to(like)


def _convolutional(d_model: int) -> ConvS2SSettings:
    return ConvS2SSettings(
        architecture="convs2s",
        num_layers=1,
        d_model=d_model,
        kernel_size=KERNEL_SIZE,
        positions=Sinusoid(kind="sinusoid"),
        dropout=0.0,
    )


def after_operations(kind: LayerType, inputs: Tensor, block: int) -> Iterator[Tensor]:
    """The hidden states (1, n, d) after one operation on `inputs`, after two, ...

    An operation is what is done at all positions at once: a layer, on top of those before it. A
    recurrent layer has to wait for the state of the position before, so there it is a step.
    """
    if kind is LayerType.RECURRENT:
        yield from _after_steps(inputs)
    hidden = inputs
    for depth in count():
        hidden = layer(kind, inputs, block, depth)(hidden)
        yield hidden


def _after_steps(inputs: Tensor) -> Iterator[Tensor]:
    recurrence = Lstm(inputs.shape[-1], inputs.shape[-1]).to(inputs)
    state = inputs.new_zeros(inputs.shape), inputs.new_zeros(inputs.shape)
    while True:
        previous = tuple(F.pad(part, (0, 0, 1, -1)) for part in state)  # of the position before
        # Positions are the batch of nn.LSTM here, each a sequence of one token.
        _, state = recurrence(inputs.transpose(0, 1), previous)
        yield state[0]
