"""One layer of each type of Vaswani et al. 2017, table 1, as the networks here have it.

All map (1, n, d) to the same shape, without residuals, normalisation and feed-forward networks
around them. Convolutions and restricted attention are causal, as in a generative model.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import count

from models.attention import SelfAttention
from models.convolution import GatedConvolution
from models.locality import blocks
from torch import Tensor
from torch.nn import functional as F

from models.lstm import lstm
from models.settings import Architecture, ConvEncoderDecoderSettings, Local1D

HEADS = 4
KERNEL_SIZE = 3  # k


class LayerType(StrEnum):
    """What connects the positions."""

    SELF_ATTENTION = "self-attention"
    RECURRENT = "recurrent"
    CONVOLUTION = "convolution"
    DILATED = "convolution, dilated"  # the kernel of each layer k times as wide as that below it
    RESTRICTED = "self-attention, restricted"


def layer(kind: LayerType, like: Tensor, block: int, depth: int = 0) -> Callable[[Tensor], Tensor]:
    """A new layer for tensors such as `like` (1, n, d), on its device and in its precision.

    A restricted query sees its own block and that before it: r = 2 `block`. `depth` counts the
    layers below, which only a dilated one asks for.
    """
    d_model = like.shape[-1]
    match kind:
        case LayerType.SELF_ATTENTION:
            attention = SelfAttention(d_model, HEADS, 0.0, None).to(like)
            return lambda inputs: attention(inputs, None)
        case LayerType.RESTRICTED:
            attention = SelfAttention(d_model, HEADS, 0.0, None).to(like)
            local = Local1D(kind="local_1d", query_block=block, memory_block=block)
            neighbourhoods = blocks(local, like.shape[1], 1, 1, like.device)
            return lambda inputs: attention(inputs, neighbourhoods)
        case LayerType.RECURRENT:
            recurrence = lstm(d_model, d_model).to(like)
            return lambda inputs: recurrence(inputs)[0]
        case LayerType.CONVOLUTION | LayerType.DILATED:
            gated = GatedConvolution(_convolutional(d_model)).to(like)
            dilation = KERNEL_SIZE**depth if kind is LayerType.DILATED else 1
            gated.convolve.dilation = (dilation,)
            before = dilation * (KERNEL_SIZE - 1)
            return lambda inputs: gated(F.pad(inputs, (0, 0, before, 0)))


def _convolutional(d_model: int) -> ConvEncoderDecoderSettings:
    return ConvEncoderDecoderSettings(
        architecture=Architecture.CONV_ENCODER_DECODER,
        num_layers=1,
        d_model=d_model,
        kernel_size=KERNEL_SIZE,
        dropout=0.0,
    )


def after_operations(kind: LayerType, inputs: Tensor, block: int) -> Iterator[Tensor]:
    """What stands at the positions (1, n, d) after one operation on `inputs`, after two, ...

    An operation is all that is done at once, at all positions: a layer, on top of those before it;
    of recurrence, which has to wait for the state of the position before, a step of its layer.
    """
    if kind is LayerType.RECURRENT:
        yield from _after_steps(inputs)
    hidden = inputs
    for depth in count():
        hidden = layer(kind, inputs, block, depth)(hidden)
        yield hidden


def _after_steps(inputs: Tensor) -> Iterator[Tensor]:
    recurrence = lstm(inputs.shape[-1], inputs.shape[-1]).to(inputs)
    state = inputs.new_zeros(inputs.shape), inputs.new_zeros(inputs.shape)
    while True:
        before = tuple(F.pad(each, (0, 0, 1, -1)) for each in state)  # of the position before
        # Positions are the batch of nn.LSTM here, each a sequence of one token.
        _, state = recurrence(inputs.transpose(0, 1), before)
        yield state[0]
