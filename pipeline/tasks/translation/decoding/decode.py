"""Translates the test sets to samples/<split>.jsonl."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.shared.base import AutoregressiveModel, BlockwiseModel
from pipeline.blocks import Blocks, write_blocks
from pipeline.console import Progress
from pipeline.corpus import Split, all_tests, read_sequences, split_of_variant
from pipeline.decoding.exactness import agreements
from pipeline.files import write_json_lines
from pipeline.tasks.translation.batches import cut, with_end
from pipeline.tasks.translation.codec import BOS, EOS, Codec
from pipeline.tasks.translation.decoding.beam import Hypothesis, search
from pipeline.tasks.translation.decoding.choose import choose
from pipeline.tasks.translation.decoding.chosen import beam, write_chosen
from pipeline.tasks.translation.decoding.parallel import search_in_blocks
from pipeline.tasks.translation.decoding.sample_sequence import sample_sequence
from pipeline.tasks.translation.settings import (
    Beam,
    Chosen,
    Greedy,
    InBlocks,
    OtherSearch,
    TranslationDecoding,
    TranslationSampling,
)

SEARCH_GRID = "search_grid.jsonl"
Sources = Sequence[Sequence[int]]  # ids of each source
GREEDY = beam(1, 0.0)
_SPELLINGS = 4  # hypotheses that are found for each text, which pieces may spell in several ways


def decode(
    model: AutoregressiveModel, encoded: Path, samples: Path, decoding: TranslationDecoding
) -> TranslationDecoding:
    """Write source, reference, hypothesis and score of each test sentence as JSON lines.

    There is one file per test set, and one of "test" by each of `other_searches`, test@<name>. The
    score is log P of the hypothesis, divided by its length penalty in beam search; `others` are the
    next best hypotheses, `passes` what each pass added in blocks; those of "test" are then compared
    with greedy search. SEARCH_GRID has a line for each beam size and length penalty of
    `search_grid`: its translations of the validation split, by which the method `chosen` is chosen.
    Returns how earlier weights of the run are decoded: by the same search, and by no other.
    """
    codec = Codec.load(encoded)
    cells = _search_grid(model, encoded, codec, decoding)
    write_json_lines(samples / SEARCH_GRID, cells)
    if isinstance(decoding.method, Chosen):
        references = _lines(encoded, "validation.target")
        chosen = choose(cells, references, decoding.method.bleu_tokenizer)
        decoding = decoding.model_copy(update={"method": chosen})
        write_chosen(samples, chosen)
    for split in all_tests(encoded):
        rows = _rows(model, encoded, split, codec, decoding)
        write_json_lines(samples / f"{split}.jsonl", rows)
    if isinstance(decoding.method, InBlocks):
        write_blocks(samples, _blocks(model, encoded, decoding))
    for name, other in decoding.other_searches.items():
        changed = decoding.model_copy(update={"method": _other(decoding.method, other)})
        rows = _rows(model, encoded, "test", codec, changed)
        write_json_lines(samples / f"{split_of_variant('test', name)}.jsonl", rows)
    return decoding.model_copy(update={"search_grid": None, "other_searches": {}})


def _blocks(model: BlockwiseModel, encoded: Path, decoding: TranslationDecoding) -> Blocks:
    """Compare the translations of "test" in blocks with those of greedy search."""
    ids = read_sequences(encoded, "test", "source")
    greedy = decoding.model_copy(update={"method": Greedy(kind="greedy")})
    found, expected = ([best for (best,) in translate(model, ids, by)] for by in (decoding, greedy))
    sequences = ([[BOS, *best.ids, EOS] for best in each] for each in (found, expected))
    sources = [torch.from_numpy(with_end(ids, [index])[0]).long() for index in range(len(ids))]
    return Blocks([best.blocks for best in found], agreements(model, *sequences, sources))


def _other(method: Beam | Greedy | TranslationSampling, other: OtherSearch) -> Beam:
    """Return another search, which has what is null from the method."""
    usual = method if isinstance(method, Beam) else GREEDY
    return beam(
        usual.beam_size if other.beam_size is None else other.beam_size,
        usual.length_penalty if other.length_penalty is None else other.length_penalty,
    )


def _lines(encoded: Path, stem: str) -> list[str]:
    return (encoded / f"{stem}.txt").read_text(encoding="utf-8").split("\n")[:-1]


def _rows(
    model: AutoregressiveModel,
    encoded: Path,
    split: Split,
    codec: Codec,
    decoding: TranslationDecoding,
) -> list[dict[str, Any]]:
    sources, references = (_lines(encoded, f"{split}.{side}") for side in ("source", "target"))
    ids = read_sequences(encoded, split, "source")
    longer = int((ids.lengths > longest_source(encoded)).sum())
    if longer:
        print(
            f"{split}: {longer} of {len(ids)} sentences are longer than any in training: expect "
            "poor translations of them",
            file=sys.stderr,
        )
    progress = Progress(f"translating {split}", len(sources))
    rows = []
    for source, reference, hypotheses in zip(
        sources, references, translate(model, ids, decoding, progress), strict=True
    ):
        best, *others = (
            {"hypothesis": text, "score": round(score, 6)}
            for text, score in different(hypotheses, codec)[: _n_best(decoding)]
        )
        row = {"source": source, "reference": reference, **best, "others": others}
        rows.append(row | {"passes": passes_of(hypotheses[0], codec)})
    return rows


def passes_of(hypothesis: Hypothesis, codec: Codec) -> list[dict[str, Any]]:
    """Return the text and the number of tokens that each pass of blockwise decoding added."""
    passes, before, end = [], "", 0
    for count in hypothesis.blocks or []:
        end += count
        text = codec.decode(hypothesis.ids[:end])
        passes.append({"text": text[len(before) :], "tokens": count})
        before = text
    return passes


def different(hypotheses: Sequence[Hypothesis], codec: Codec) -> list[tuple[str, float]]:
    """Return the text and score of each hypothesis, best first, without those of equal texts."""
    scores: dict[str, float] = {}
    for found in hypotheses:
        scores.setdefault(codec.decode(found.ids), found.score)
    return list(scores.items())


def _n_best(decoding: TranslationDecoding) -> int:
    return decoding.method.n_best if isinstance(decoding.method, Beam) else 1


def longest_source(encoded: Path) -> int:
    """Return the length of the longest training source, in tokens without EOS."""
    return int(read_sequences(encoded, "train", "source").lengths.max())


def translate(
    model: AutoregressiveModel,
    sources: Sources,
    decoding: TranslationDecoding,
    progress: Progress | None = None,
) -> Iterator[list[Hypothesis]]:
    """Yield the hypotheses of each source, best first; see `in_batches`.

    If several are asked for, there are more, because some differ in their pieces alone: `different`
    says which differ in their texts.
    """

    def search_batch(batch: Sources) -> list[list[Hypothesis]]:
        return _hypotheses(model, [torch.from_numpy(ids).long() for ids in batch], decoding)

    return in_batches(search_batch, sources, decoding, progress)


def in_batches(
    search_batch: Callable[[Sources], list[list[Hypothesis]]],
    sources: Sources,
    decoding: TranslationDecoding,
    progress: Progress | None = None,
) -> Iterator[list[Hypothesis]]:
    """Yield the hypotheses of each source as soon as those of its batch are there.

    Sources are ids without EOS; `search_batch` is called with EOS. The next batch is that of the
    first source without hypotheses.
    """
    groups = iter(batches(sources, decoding))
    found: dict[int, list[Hypothesis]] = {}
    for index in range(len(sources)):
        if index not in found:
            indexes = next(groups)
            hypotheses = search_batch(with_end(sources, indexes))
            found |= dict(zip(indexes.tolist(), hypotheses, strict=True))
            if progress is not None:
                progress.update(index + len(found))
        yield found.pop(index)


def batches(sources: Sources, decoding: TranslationDecoding) -> list[np.ndarray]:
    """Group the indexes of sources of similar length; groups are sorted by their first index.

    A group has at most `batch_tokens` positions of sources, times the beam size, EOS and padding
    included. A longer source forms its own group.
    """
    method = decoding.method
    beam_size = method.beam_size if isinstance(method, Beam) else 1
    lengths = np.array([len(source) + 1 for source in sources])
    order = np.argsort(lengths, kind="stable")
    return sorted(cut(order, lengths, decoding.batch_tokens // beam_size), key=min)


def _hypotheses(
    model: AutoregressiveModel, sources: list[Tensor], decoding: TranslationDecoding
) -> list[list[Hypothesis]]:
    match decoding.method:
        case Beam(n_best=n_best) as method:
            if n_best > 1:
                method = method.model_copy(update={"n_best": _SPELLINGS * n_best})
            return search(model, sources, BOS, EOS, method, decoding.extra_length)
        case Greedy():
            return search(model, sources, BOS, EOS, GREEDY, decoding.extra_length)
        case InBlocks():
            found = search_in_blocks(model, sources, BOS, EOS, decoding.extra_length)
            return [[hypothesis] for hypothesis in found]
        case TranslationSampling() as sampling:
            samples = sample_sequence(model, sources, BOS, EOS, sampling, decoding.extra_length)
            return [[sample] for sample in samples]


def _search_grid(
    model: AutoregressiveModel, encoded: Path, codec: Codec, decoding: TranslationDecoding
) -> list[dict[str, Any]]:
    if decoding.search_grid is None:
        return []
    sources = read_sequences(encoded, "validation", "source")
    cells = []
    for size in decoding.search_grid.beam_sizes:
        for alpha in decoding.search_grid.length_penalties:
            progress = Progress(f"beam {size}, length penalty {alpha}", len(sources))
            changed = decoding.model_copy(update={"method": beam(size, alpha)})
            found = translate(model, sources, changed, progress)
            hypotheses = [codec.decode(best.ids) for (best,) in found]
            cell = {"beam_size": size, "length_penalty": alpha, "hypotheses": hypotheses}
            cells.append(cell)
    return cells
