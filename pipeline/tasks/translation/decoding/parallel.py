"""Greedy translation, several ids a pass."""

import torch
from torch import Tensor

from models.shared.base import PADDING, BlockwiseModel
from pipeline.decoding.blockwise import Heads, fill_in_blocks
from pipeline.decoding.sampling import TO_SAMPLE
from pipeline.tasks.translation.decoding.beam import Hypothesis
from pipeline.training.batches import pad


def search_in_blocks(
    model: BlockwiseModel, sources: list[Tensor], bos: int, eos: int, extra_length: int
) -> list[Hypothesis]:
    """Return what greedy search finds for each source, with the ids that each pass added.

    All sources form one batch. A hypothesis has at most len(source) + `extra_length` ids, EOS
    included: EOS is given in the place of the last one.
    """
    device = next(model.parameters()).device
    limits = torch.tensor([len(source) + extra_length for source in sources])
    template = torch.full((len(sources), 1 + int(limits.max())), TO_SAMPLE)
    template[:, 0] = bos
    template.scatter_(1, limits[:, None], eos)
    padded = pad([source.numpy() for source in sources], PADDING).to(device)
    found = fill_in_blocks(model, template.to(device), Heads(model.head), source=padded, end=eos)
    rows = zip(found.ids.tolist(), found.lengths.tolist(), strict=True)
    return [
        Hypothesis(ids[1 : length - 1], score, blocks)
        for (ids, length), score, blocks in zip(
            rows, found.log_probs.tolist(), found.blocks, strict=True
        )
    ]
