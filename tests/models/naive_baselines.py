"""The baselines' equations written out for one sentence or image, a position after the other."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.shared.base import AutoregressiveModel
from models.shared.sinusoid import sinusoid


def lstm(layer: nn.LSTM, inputs: Tensor) -> Tensor:
    """Map (length, inputs) to (length, outputs), one cell after the other."""
    hidden = cell = inputs.new_zeros(layer.hidden_size)
    outputs = []
    for vector in inputs:
        gates = layer.weight_ih_l0 @ vector + layer.bias_ih_l0
        gates = gates + layer.weight_hh_l0 @ hidden + layer.bias_hh_l0
        entered, kept, content, shown = gates.chunk(4)
        cell = kept.sigmoid() * cell + entered.sigmoid() * content.tanh()
        hidden = shown.sigmoid() * cell.tanh()
        outputs.append(hidden)
    return torch.stack(outputs)


def gru(layer: nn.GRU, inputs: Tensor) -> Tensor:
    """Map (length, inputs) to (length, outputs), one cell after the other."""
    hidden = inputs.new_zeros(layer.hidden_size)
    outputs = []
    for vector in inputs:
        of_input = layer.weight_ih_l0 @ vector + layer.bias_ih_l0
        of_hidden = layer.weight_hh_l0 @ hidden + layer.bias_hh_l0
        reset, update, new = zip(of_input.chunk(3), of_hidden.chunk(3), strict=True)
        kept = sum(update).sigmoid()
        candidate = torch.tanh(new[0] + sum(reset).sigmoid() * new[1])
        hidden = (1 - kept) * candidate + kept * hidden
        outputs.append(hidden)
    return torch.stack(outputs)


def recurrent(layer: nn.RNNBase, inputs: Tensor) -> Tensor:
    """Map (length, inputs) to (length, outputs) by the equations of the layer's cell."""
    return gru(layer, inputs) if isinstance(layer, nn.GRU) else lstm(layer, inputs)


def recurrent_decoder(model: AutoregressiveModel, inputs: Tensor) -> Tensor:
    """Map ids (target,) to logits (target, outputs)."""
    hidden = model.tokens.weight[inputs]
    for layer in model.layers:
        hidden = recurrent(layer, hidden)
    projection = model.head.output_projection
    return hidden @ projection.weight.T + projection.bias


def recurrent_encoder_decoder(model: AutoregressiveModel, inputs: Tensor, source: Tensor) -> Tensor:
    """Map ids (target,) and (source,) to logits (target, outputs): Wu et al. 2016, section 3."""
    vectors = model.tokens.weight * math.sqrt(model.settings.d_model)
    from_left = recurrent(model.forwards, vectors[source])
    from_right = recurrent(model.backwards, vectors[source].flip(0)).flip(0)
    encoded = torch.cat((from_left, from_right), dim=1)
    for layer in model.encoder:
        encoded = encoded + recurrent(layer, encoded)
    hidden = recurrent(model.first, vectors[inputs])
    attention, contexts = model.attention, []
    for query in hidden:
        scores = []
        for key in encoded:
            inner = attention.project_query.weight @ query + attention.project_query.bias
            inner = torch.tanh(inner + attention.project_key.weight @ key)
            scores.append(attention.score.weight[0] @ inner)
        weights = torch.stack(scores).softmax(0)
        contexts.append(sum(weight * value for weight, value in zip(weights, encoded, strict=True)))
    for layer in model.decoder:
        hidden = hidden + recurrent(layer, torch.cat((hidden, torch.stack(contexts)), dim=1))
    return hidden @ model.tokens.weight.T


def normalised(layer: nn.Module) -> Tensor:
    """g v / ||v|| for each output (Salimans and Kingma 2016, eq. 2)."""
    lengths = layer.parametrizations.weight.original0
    directions = layer.parametrizations.weight.original1
    rows = [
        g.squeeze() * v / (v * v).sum().sqrt() for g, v in zip(lengths, directions, strict=True)
    ]
    return torch.stack(rows)


def gated_convolution(layer: nn.Module, inputs: Tensor, behind: int) -> Tensor:
    """Map (length, d_model) to the same: each position sees `behind` positions before it."""
    weight, length = normalised(layer.convolve), len(inputs)
    outputs = []
    for position in range(length):
        total = layer.convolve.bias
        for tap in range(weight.shape[2]):
            seen = position - behind + tap
            if 0 <= seen < length:
                total = total + weight[:, :, tap] @ inputs[seen]
        content, opening = total.chunk(2)
        outputs.append(content * opening.sigmoid())
    return torch.stack(outputs)


def convs2s(model: AutoregressiveModel, inputs: Tensor, source: Tensor) -> Tensor:
    """Map ids (target,) and (source,) to logits (target, outputs): Gehring et al. 2017."""
    kernel_size, half = model.settings.kernel_size, math.sqrt(0.5)

    def embed(ids: Tensor) -> Tensor:
        places = sinusoid(torch.arange(len(ids)), model.settings.d_model)
        return model.tokens.weight[ids] + places * (0.1 * math.sqrt(2.0))

    embedded_source = encoded = embed(source)
    for layer in model.encoder:
        encoded = (gated_convolution(layer, encoded, kernel_size // 2) + encoded) * half
    if encoded.requires_grad:  # section 3.4: divided by the number of attentions
        encoded.register_hook(lambda gradient: gradient / len(model.decoder))
    values = (encoded + embedded_source) * half
    embedded = hidden = embed(inputs)
    for layer in model.decoder:
        gated = gated_convolution(layer.convolution, hidden, kernel_size - 1)
        project = normalised(layer.project_query)
        attended = []
        for state, token in zip(gated, embedded, strict=True):
            query = (project @ state + layer.project_query.bias + token) * half
            weights = torch.stack([query @ key for key in encoded]).softmax(0)
            context = sum(weight * value for weight, value in zip(weights, values, strict=True))
            scale = len(source) * math.sqrt(1 / len(source))
            attended.append((state + context * scale) * half)
        hidden = (torch.stack(attended) + hidden) * half
    return hidden @ model.tokens.weight.T


def pixelcnn(model: AutoregressiveModel, inputs: Tensor) -> Tensor:
    """Map ids of a whole image, the condition first, to logits (intensities, outputs).

    Van den Oord et al. 2016, figure 2, with square kernels of which a mask leaves only a part: the
    rows above (A) and the own row (B); the pixels to the left, and of the own pixel the channels
    before (A) and the own one (B).
    """
    layout, d_model, outputs = model.shape.layout, model.settings.d_model, model.shape.outputs
    condition = model.tokens.weight[inputs[0]]
    vertical = horizontal = _pixels(model, inputs[1:])
    features = [feature * layout.channels // d_model for feature in range(d_model)]
    for index, layer in enumerate(model.layers):
        size = model.settings.kernel_size if index else model.settings.first_kernel_size
        kept = size // 2 + (1 if index else 0)
        square = torch.zeros(*layer.vertical.weight.shape[:2], size, size, dtype=torch.float64)
        square[:, :, :kept] = layer.vertical.weight
        line = _masked(layer.horizontal.weight, features, features * 2, size, "B" if index else "A")
        around = size // 2
        down = F.conv2d(vertical, square, layer.vertical.bias, padding=around)
        along = F.conv2d(horizontal, line, layer.horizontal.bias, padding=(0, around))
        across = layer.vertical_to_horizontal
        along = along + F.conv2d(down, across.weight, across.bias)
        to_down, to_along = (layer.condition.weight @ condition).chunk(2)
        vertical = _gate(down + to_down[:, None, None])
        gated = _gate(along + to_along[:, None, None])
        out_proj = _masked(layer.out_proj.weight, features, features, 1, "B")
        projected = F.conv2d(gated, out_proj, layer.out_proj.bias)
        horizontal = projected + horizontal if index else projected
    _, hidden, _, output, _ = model.head.output_projection
    rectified = horizontal.relu()
    hidden_weight = _masked(hidden.weight, features, features, 1, "B")
    rectified = F.conv2d(rectified, hidden_weight, hidden.bias).relu()
    channels = [channel for channel in range(layout.channels) for _ in range(outputs)]
    logits = F.conv2d(rectified, _masked(output.weight, features, channels, 1, "B"), output.bias)
    return logits[0].permute(1, 2, 0).reshape(-1, outputs)


def row_lstm(model: AutoregressiveModel, inputs: Tensor) -> Tensor:
    """Map ids of a whole image, the condition first, to logits (intensities, outputs).

    Van den Oord et al. 2016 (PixelRNN), section 3.1, state by state: a pixel sees the states of
    k pixels of the row above, k // 2 pixels to the left, and of itself what the mask leaves.
    """
    layout, d_model, outputs = model.shape.layout, model.settings.d_model, model.shape.outputs
    condition = model.tokens.weight[inputs[0]]
    features = [feature * layout.channels // d_model for feature in range(d_model)]
    states = [state * layout.channels // (d_model // 2) for state in range(d_model // 2)]
    image = _pixels(model, inputs[1:])
    size, first = model.settings.first_kernel_size, model.first
    square = torch.zeros(d_model, d_model, size, size, dtype=torch.float64)
    square[:, :, : size // 2] = first.above.weight
    square[:, :, size // 2] = _masked(first.left.weight, features, features, size, "A")[:, :, 0]
    bias = first.above.bias + first.left.bias
    hidden = F.conv2d(image, square, bias, padding=size // 2)
    for layer in model.layers:
        hidden = hidden + _row_lstm_layer(layer, hidden, condition, features, states)
    _, inner, _, output, _ = model.head.output_projection
    inner_weight = _masked(inner.weight, features, features, 1, "B")
    rectified = F.conv2d(hidden.relu(), inner_weight, inner.bias).relu()
    channels = [channel for channel in range(layout.channels) for _ in range(outputs)]
    logits = F.conv2d(rectified, _masked(output.weight, features, channels, 1, "B"), output.bias)
    return logits[0].permute(1, 2, 0).reshape(-1, outputs)


def _row_lstm_layer(
    layer: nn.Module, image: Tensor, condition: Tensor, features: list[int], states: list[int]
) -> Tensor:
    """What a layer adds to an image (1, d_model, height, width), pixel by pixel."""
    _, _, height, width = image.shape
    size = layer.state_to_state.kernel_size[1]
    half, reads = size // 2, _masked(layer.input_to_state.weight, features, states * 4, size, "B")
    writes = _masked(layer.out_proj.weight, states, features, 1, "B")[:, :, 0, 0]
    zero = torch.zeros(len(states), dtype=torch.float64)
    hidden, cell = {}, {}
    added = torch.zeros_like(image)
    for row, column in itertools.product(range(height), range(width)):
        gates = layer.condition.weight @ condition
        gates = gates + layer.input_to_state.bias + layer.state_to_state.bias
        for tap in range(size):
            beside = column - half + tap
            if 0 <= beside <= column:
                gates = gates + reads[:, :, 0, tap] @ image[0, :, row, beside]
            above = hidden.get((row - 1, beside), zero)
            gates = gates + layer.state_to_state.weight[:, :, 0, tap] @ above
        shown, kept, entered, content = gates.chunk(4)
        before = cell.get((row - 1, column), zero)
        cell[row, column] = kept.sigmoid() * before + entered.sigmoid() * content.tanh()
        hidden[row, column] = shown.sigmoid() * cell[row, column].tanh()
        added[0, :, row, column] = writes @ hidden[row, column] + layer.out_proj.bias
    return added


def _pixels(model: AutoregressiveModel, ids: Tensor) -> Tensor:
    """The vectors (1, d_model, height, width) of all intensities but the last, which no one sees.

    Each channel has its part of the features, and of its rows in the table.
    """
    layout, d_model = model.shape.layout, model.settings.d_model
    part = d_model // layout.channels
    image = torch.full((1, d_model, layout.height, layout.width), 7.0, dtype=torch.float64)
    for position, each in enumerate(ids):
        pixel, channel = divmod(position, layout.channels)
        row, column = divmod(pixel, layout.width)
        features = slice(channel * part, (channel + 1) * part)
        image[0, features, row, column] = model.tokens.weight[each, features]
    return image


def _masked(weight: Tensor, reads: list[int], writes: list[int], size: int, kind: str) -> Tensor:
    """A kernel (writes, reads, 1, size) with what a mask of `kind` leaves of the given weights.

    `reads` and `writes` are the channels of its inputs and outputs.
    """
    masked = torch.zeros(len(writes), len(reads), 1, size, dtype=torch.float64)
    for place in itertools.product(range(len(writes)), range(len(reads)), range(size)):
        output, feature, column = place
        own, seen = writes[output], reads[feature]
        if column < size // 2 or (
            column == size // 2 and (seen < own or (seen == own and kind == "B"))
        ):
            masked[output, feature, 0, column] = weight[output, feature, 0, column]
    return masked


def _gate(features: Tensor) -> Tensor:
    content, opening = features.chunk(2, dim=1)
    return content.tanh() * opening.sigmoid()
