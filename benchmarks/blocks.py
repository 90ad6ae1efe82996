"""Blockwise decoding and speculative sampling beside one id a pass, and beside a beam of 4.

    python -m benchmarks.blocks lecture

Needs the scale's networks with proposals: a run that is not there is told and left out. The ways to
decode alternate from batch to batch, single sequences and batches, on one thread with native
numerics; by the clock and in processor time, which other work on the machine disturbs least.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.rows import machine, record
from models import store
from models.shared.base import BlockwiseModel
from models.shared.order import super_resolution_factor
from pipeline.corpus import read_sequences
from pipeline.decoding.fill import Blockwise, Fill
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.settings.base import Sampling
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.music.codec import FIELD
from pipeline.tasks.translation.codec import BOS, EOS
from pipeline.tasks.translation.decoding.beam import search
from pipeline.tasks.translation.decoding.chosen import beam
from pipeline.tasks.translation.decoding.parallel import search_in_blocks

EXTRA_LENGTH, PRIMER, TOKENS = 50, 128, 512  # as in the lecture's scale
GREEDY = Sampling(seed=1, temperature=1.0, top_k=1, top_p=1.0)
SAMPLED = Sampling(seed=1, temperature=0.95, top_k=None, top_p=0.98)
TRANSLATORS = {
    "4 frozen": "translation_blocks_frozen",
    "2 tuned": "translation_blocks_2",
    "4 tuned": "translation_blocks_4",
    "8 tuned": "translation_blocks_8",
}
COMPOSERS = {"8 frozen": "music_blocks_frozen", "8 tuned": "music_blocks"}
ENLARGERS = {"4 frozen": "image_enlarged_blocks_frozen", "4 tuned": "image_enlarged_blocks"}

Way = Callable[[Any], Any]


class Seconds(NamedTuple):
    """What decoding took."""

    clock: float
    processor: float


def alternating(ways: dict[str, Way], batches: Sequence[Any]) -> dict[str, Seconds]:
    """Decode each batch in every way; the order turns with each batch, after a first warm-up."""
    taken = {name: Seconds(0.0, 0.0) for name in ways}
    for way in ways.values():
        way(batches[0])
    order = list(ways)
    for batch in batches:
        for name in order:
            clock, processor = time.perf_counter(), time.process_time()
            ways[name](batch)
            spent = time.perf_counter() - clock, time.process_time() - processor
            taken[name] = Seconds(*map(sum, zip(taken[name], spent, strict=True)))
        order = [*order[1:], order[0]]
    return taken


def translating(model: BlockwiseModel) -> dict[str, Way]:
    """Ways to translate sources; one id a pass is the first."""

    def searching(size: int, alpha: float) -> Way:
        return lambda batch: search(model, batch, BOS, EOS, beam(size, alpha), EXTRA_LENGTH)

    return {
        "greedy": searching(1, 0.0),
        "blocks": lambda batch: search_in_blocks(model, batch, BOS, EOS, EXTRA_LENGTH),
        "beam of 4": searching(4, 0.6),
    }


def composing(model: BlockwiseModel, sampling: Sampling) -> dict[str, Way]:
    """Ways to continue pieces; one id a pass is the first."""

    def filling(by: Fill) -> Way:
        return lambda template: by(model, template, sampling)

    return {"greedy": filling(fill), "blocks": filling(Blockwise())}


def enlarging(model: BlockwiseModel) -> dict[str, Way]:
    """Ways to enlarge images, templates and sources; one id a pass is the first."""

    def filling(by: Fill) -> Way:
        return lambda batch: by(model, batch[0], GREEDY, source=batch[1])

    return {"greedy": filling(fill), "blocks": filling(Blockwise())}


def sentences(encoded: Path, count: int) -> list[Tensor]:
    """Evenly spaced sources of the test split."""
    sources = read_sequences(encoded, "test", "source")
    chosen = np.linspace(0, len(sources) - 1, count).astype(int)
    return [torch.from_numpy(np.append(sources[index], EOS)).long() for index in chosen]


def openings(encoded: Path, count: int) -> list[Tensor]:
    """Templates (1, 1 + TOKENS) of the first test pieces that are long enough."""
    pieces = [ids for ids in read_sequences(encoded, "test", FIELD) if len(ids) > PRIMER]
    templates = torch.full((min(count, len(pieces)), 1, 1 + TOKENS), TO_SAMPLE)
    for template, ids in zip(templates, pieces, strict=False):
        template[0, : 1 + PRIMER] = torch.from_numpy(ids[: 1 + PRIMER].astype(np.int64))
    return list(templates)


def small_images(encoded: Path, model: BlockwiseModel, count: int) -> list[tuple[Tensor, Tensor]]:
    """Templates (1, 1 + intensity) and sources (1, id) of the first test images."""
    codec = ImageCodec.of(model.shape)
    labels, pixels = codec.decode_all(read_sequences(encoded, "test", "pixels").rows()[:count])
    factor = super_resolution_factor(model.settings)
    sources = torch.from_numpy(codec.sources(pixels.astype(np.int64), factor))
    templates = torch.full((len(labels), 1, 1 + codec.dimensions), TO_SAMPLE)
    templates[:, 0, 0] = torch.tensor([codec.class_id(int(label)) for label in labels])
    return list(zip(templates, sources[:, None], strict=True))


def rows(what: str, taken: dict[str, Seconds], others: Sequence[str]) -> list[dict]:
    """How many times as fast as greedy decoding each of `others` is."""
    found = []
    for name in others:
        part = "" if name == "blocks" else f", {name}"
        for measure, suffix in (("processor", ""), ("clock", " by the clock")):
            times = getattr(taken["greedy"], measure) / getattr(taken[name], measure)
            print(f"{what}{part}: {times:.2f} times as fast as one id a pass{suffix}")
            found.append(
                {
                    "what": f"blocks: {what}{part}, times as fast{suffix}",
                    "ours": times,
                    "peer": None,
                    "ratio": None,
                    "unit": "times as fast as one id a pass",
                    "machine": f"{machine()}, 1 thread",
                    "command": "python -m benchmarks.blocks lecture",
                }
            )
    return found


def main() -> None:
    """Read the command line, measure, and record the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scale", help="the folder of a scale with networks that propose")
    parser.add_argument("--sentences", type=int, default=200, help="translated one by one")
    parser.add_argument("--pieces", type=int, default=8, help="continued one by one")
    parser.add_argument("--images", type=int, default=64, help="enlarged one by one")
    options = parser.parse_args()
    os.chdir(options.scale)
    torch.set_num_threads(1)
    for label, run in TRANSLATORS.items():
        if (model := trained(run)) is not None:
            single = sentences(Path("data/encoded/libreoffice_help"), options.sentences)
            batch = [single[first : first + 64] for first in range(0, len(single), 64)]
            ways = (("single sentences", [[one] for one in single]), ("batches of 64", batch))
            for kind, batches in ways:
                what = f"translation, {kind}, {label}"
                taken = alternating(translating(model), batches)
                record(rows(what, taken, ["blocks", "beam of 4"]))
    for label, run in COMPOSERS.items():
        if (model := trained(run)) is not None:
            single = openings(Path("data/encoded/chorales"), options.pieces)
            for kind, batches in (("single pieces", single), ("a batch", [torch.cat(single)])):
                for sampling, how in ((GREEDY, ""), (SAMPLED, ", sampled")):
                    taken = alternating(composing(model, sampling), batches)
                    record(rows(f"chorales, {kind}, {label}{how}", taken, ["blocks"]))
    for label, run in ENLARGERS.items():
        if (model := trained(run)) is not None:
            single = small_images(Path("data/encoded/digits_unlabelled"), model, options.images)
            batch = [tuple(torch.cat(parts) for parts in zip(*single, strict=True))]
            for kind, batches in (("single images", single), ("a batch", batch)):
                taken = alternating(enlarging(model), batches)
                record(rows(f"enlargement, {kind}, {label}", taken, ["blocks"]))


def trained(run: str) -> BlockwiseModel | None:
    """The network of a run, None if it is not there."""
    folder = Path("runs") / run / "model"
    if not folder.exists():
        print(f"{folder}: no such folder; left out", file=sys.stderr)
        return None
    return store.load(folder)


if __name__ == "__main__":
    main()
