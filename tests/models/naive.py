"""The published equations written out, slow and literal: what the fast forms are compared with."""

import math
from itertools import product

import torch
from torch import Tensor

from models.settings import Local1D, Local2D
from models.shared.base import AutoregressiveModel
from pipeline.decoding.sampling import TO_SAMPLE, sample
from pipeline.settings.base import Sampling
from tests.models.comparison import all_logits


def positional_encoding(position: int, width: int) -> list[float]:
    """Vaswani et al. 2017, section 3.5, one component after the other."""
    vector = []
    for i in range(width // 2):
        angle = position / 10000 ** (2 * i / width)
        vector += [math.sin(angle), math.cos(angle)]
    return vector


def attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None) -> Tensor:
    """Vaswani et al. 2017, eq. 1."""
    logits = torch.einsum("...id,...jd->...ij", query, key) / math.sqrt(query.shape[-1])
    if attn_mask is not None:
        logits = logits.masked_fill(~attn_mask, -torch.inf)
    return torch.einsum("...ij,...jd->...id", logits.softmax(-1), value)


def distances(length: int) -> Tensor:
    """From each query back to each key: (query, key)."""
    return torch.tensor([[query - key for key in range(length)] for query in range(length)])


def local_1d_distances(local: Local1D, length: int) -> Tensor:
    """The same in blocks: the condition is right before the memory block of every query."""
    found = distances(length)
    for query in range(length):
        found[query, 0] = query % local.query_block + local.memory_block + 1
    return found


def skewed_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embeddings: Tensor,
    ahead: int,
    distance: Tensor,
    attn_mask: Tensor | None,
) -> Tensor:
    """Huang et al. 2018, eq. 3, with R (head, query, key, d_head) gathered by distance."""
    gathered = embeddings[:, distance.clamp(-ahead, embeddings.shape[1] - 1 - ahead) + ahead]
    relative = torch.einsum("bhid,hijd->bhij", query, gathered)
    logits = (query @ key.transpose(-1, -2) + relative) / math.sqrt(query.shape[-1])
    if attn_mask is not None:
        logits = logits.masked_fill(~attn_mask, -torch.inf)
    return logits.softmax(-1) @ value


def shaw_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_vectors: Tensor | None,
    value_vectors: Tensor | None,
    distance: Tensor,
    attn_mask: Tensor | None,
) -> Tensor:
    """Shaw et al. 2018, eqs. 3 and 4, with a^K_ij and a^V_ij as (query, key, d_head) tensors.

    A part without vectors is as one whose vectors are zero.
    """

    def by_distance(vectors: Tensor | None) -> Tensor | float:
        if vectors is None:
            return 0.0
        k = len(vectors) // 2
        return vectors[(-distance).clamp(-k, k) + k]

    ones = torch.ones(query.shape[-2], 1, 1, dtype=query.dtype)
    keys = key[:, :, None] * ones + by_distance(key_vectors)  # (batch, head, query, key, d_head)
    values = value[:, :, None] * ones + by_distance(value_vectors)
    logits = torch.einsum("bhid,bhijd->bhij", query, keys) / math.sqrt(query.shape[-1])
    if attn_mask is not None:
        logits = logits.masked_fill(~attn_mask, -torch.inf)
    return torch.einsum("bhij,bhijd->bhid", logits.softmax(-1), values)


def messages(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_vectors: Tensor,
    value_vectors: Tensor,
    labels: Tensor,
    attn_mask: Tensor,
) -> Tensor:
    """Self-attention on a labelled graph, one message after the other.

    Node i of a graph receives m_ij = alpha_ij (v_j + a^V_label) from each node j that attn_mask
    (batch, query, key) allows, where alpha_ij is in proportion to exp(q_i (k_j + a^K_label) /
    sqrt(d_head)): Shaw et al. 2018, eqs. 3 and 4; vectors (head, label, d_head), labels (batch,
    query, key).
    """
    batch, heads, nodes, d_head = query.shape
    received = torch.zeros_like(query)
    for graph, head, i in product(range(batch), range(heads), range(nodes)):
        sent = {}
        for j in range(nodes):
            label = labels[graph, i, j]
            if attn_mask[graph, i, j]:
                related = key[graph, head, j] + key_vectors[head, label]
                compatibility = torch.exp(query[graph, head, i] @ related / math.sqrt(d_head))
                sent[j] = compatibility, value[graph, head, j] + value_vectors[head, label]
        total = sum(compatibility for compatibility, _ in sent.values())
        received[graph, head, i] = sum(alpha / total * message for alpha, message in sent.values())
    return received


def alibi_attention(
    query: Tensor, key: Tensor, value: Tensor, distance: Tensor, attn_mask: Tensor | None
) -> Tensor:
    """Press et al. 2021, section 3, for 3 heads: slopes of 2 heads, then the first one of 4."""
    logits = torch.einsum("...id,...jd->...ij", query, key) / math.sqrt(query.shape[-1])
    slopes = torch.tensor([2.0**-4, 2.0**-8, 2.0**-2], dtype=query.dtype)
    logits = logits - slopes[:, None, None] * distance.abs()
    if attn_mask is not None:
        logits = logits.masked_fill(~attn_mask, -torch.inf)
    return torch.einsum("...ij,...jd->...id", logits.softmax(-1), value)


def pitch_time_logits(
    query: Tensor,
    tokens: Tensor,
    distances: Tensor,
    times: Tensor,
    intervals: Tensor,
    voices: int,
    pitches: int,
) -> Tensor:
    """q_i (E_distance + E_time + E_interval), one causal pair of tokens after the other; else 0."""
    batch, heads, length, _ = query.shape
    logits = query.new_zeros(batch, heads, length, length)
    most = (intervals.shape[1] - 2) // 2
    for b, h, i in product(range(batch), range(heads), range(length)):
        for j in range(i + 1):
            steps = math.ceil(i / voices) - math.ceil(j / voices)
            if tokens[b, i] < pitches and tokens[b, j] < pitches:
                interval = max(-most, min(most, int(tokens[b, i] - tokens[b, j]))) + most
            else:
                interval = 2 * most + 1
            vector = (
                distances[h, min(i - j, distances.shape[1] - 1)]
                + times[h, min(steps, times.shape[1] - 1)]
                + intervals[h, interval]
            )
            logits[b, h, i, j] = query[b, h, i] @ vector
    return logits


def blockwise_raster(local: Local2D, height: int, width: int) -> list[tuple[int, int]]:
    """The pixels (row, column) in the order of generation, sorted by block and then inside it."""
    rows, columns = local.query_rows, local.query_columns
    return sorted(
        product(range(height), range(width)),
        key=lambda p: (p[0] // rows, p[1] // columns, p[0] % rows, p[1] % columns),
    )


def local_1d_mask(local: Local1D, length: int) -> Tensor:
    """Parmar et al. 2018: the query block itself, causally, and the memory block before it.

    The first input is the condition, which every position sees.
    """
    mask = torch.zeros(length, length, dtype=torch.bool)
    mask[:, 0] = True
    size = local.query_block
    for query in range(length):
        block = [position for position in range(length) if position // size == query // size]
        memory = range(max(0, min(block) - local.memory_block), min(block))
        for key in [*memory, *block]:
            mask[query, key] |= key <= query
    return mask


def local_2d_mask(local: Local2D, height: int, width: int) -> Tensor:
    """Parmar et al. 2018, section 3.3: the query block, extended to the top, left and right.

    The position of pixel n predicts it from the pixels generated before it, which are the inputs
    of the positions 1 to n; the first input is the condition, which every position sees.
    """
    pixels = blockwise_raster(local, height, width)
    mask = torch.zeros(len(pixels), len(pixels), dtype=torch.bool)
    mask[:, 0] = True
    for predicted, (predicted_row, predicted_column) in enumerate(pixels):
        block = [
            (row, column)
            for row, column in pixels
            if row // local.query_rows == predicted_row // local.query_rows
            and column // local.query_columns == predicted_column // local.query_columns
        ]
        rows = range(min(block)[0] - local.memory_rows, max(block)[0] + 1)
        columns = range(
            min(block)[1] - local.memory_columns, max(block)[1] + local.memory_columns + 1
        )
        for generated, (row, column) in enumerate(pixels[:predicted]):
            mask[predicted, generated + 1] = row in rows and column in columns
    return mask


def fill(
    model: AutoregressiveModel, template: Tensor, sampling: Sampling, source: Tensor | None = None
) -> Tensor:
    """Sampling without a cache: the whole prefix is computed anew for each position."""
    random = torch.Generator().manual_seed(sampling.seed)
    filled = template.clone()
    if source is not None:
        source = source.repeat_interleave(len(template) // len(source), dim=0)
    for position in range(1, template.shape[1]):
        with torch.no_grad():
            logits = all_logits(model, filled[:, :position], source)[:, -1]
        drawn = sample(logits, sampling, random)
        for row in range(len(template)):
            if template[row, position] == TO_SAMPLE:
                filled[row, position] = drawn[row]
    return filled


def log_prob(model: AutoregressiveModel, source: Tensor, begin: int, ids: list[int]) -> float:
    """log P(ids | source), one position after the other, each from a fresh forward pass."""
    total, prefix = 0.0, [begin]
    for token in ids:
        with torch.no_grad():
            logits = all_logits(model, torch.tensor([prefix]), source[None])[0, -1]
        total += logits.log_softmax(-1)[token].item()
        prefix.append(token)
    return total


def best_translations(
    model: AutoregressiveModel, source: Tensor, begin: int, end: int, limit: int, alpha: float
) -> list[tuple[float, list[int]]]:
    """Every sequence of at most `limit` ids, the end included, best GNMT score first."""
    others = [token for token in range(model.shape.outputs) if token != end]
    scored = []
    for length in range(1, limit + 1):
        for ids in product(others, repeat=length - 1):
            penalty = ((5 + length) / 6) ** alpha
            scored.append((log_prob(model, source, begin, [*ids, end]) / penalty, list(ids)))
    return sorted(scored, reverse=True)


def pixel_log_probability(parameters: Tensor, pixel: tuple[int, ...], levels: int) -> Tensor:
    """Salimans et al. 2017, eqs. 1 to 3: log p of one pixel (channel,), of all channels at once.

    `parameters` are those of its mixture: weight, means, log scales and slopes of each component.
    """
    channels = len(pixel)
    numbers = [2 * level / (levels - 1) - 1 for level in pixel]
    half = 1 / (levels - 1)
    components = parameters.view(-1, 1 + 2 * channels + channels * (channels - 1) // 2)
    total = torch.zeros((), dtype=parameters.dtype)
    for weight, component in zip(components[:, 0].softmax(0), components[:, 1:], strict=True):
        means, log_scales = component[:channels], component[channels : 2 * channels]
        slopes = iter(component[2 * channels :].tanh())
        probability = weight
        for channel, (level, number) in enumerate(zip(pixel, numbers, strict=True)):
            mean = means[channel] + sum(next(slopes) * numbers[k] for k in range(channel))
            scale = log_scales[channel].exp()
            # Masses on the level's nearer side are subtracted: a difference of ones would cancel.
            side = 1 if number < mean else -1
            upper = number + half if level < levels - 1 else math.inf
            lower = number - half if level > 0 else -math.inf
            masses = [
                float(side * edge > 0)
                if math.isinf(edge)
                else torch.sigmoid(side * (edge - mean) / scale)
                for edge in (upper, lower)
            ]
            probability = probability * side * (masses[0] - masses[1])
        total = total + probability
    return total.log()
