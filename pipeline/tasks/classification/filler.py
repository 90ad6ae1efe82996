"""Fills gaps in sentences with the pieces that a trained run predicts: the command `fill`."""

import re
from collections.abc import Iterator

import numpy as np
import torch

from pipeline.tasks.classification.answerer import Answerer, log
from pipeline.tasks.classification.codec import MASK, SPECIAL
from pipeline.tasks.classification.settings import ClassificationRun

_GAP = re.compile("_{3,}")
_NO_TEXT = re.compile("<0x..>| ")  # a byte, or a space alone
_NONCHARACTER = "\uffff"  # in no text, hence in no piece: it is encoded as bytes, which never join


class Filler(Answerer):
    """Answers with a sentence in which each gap is filled, and with what else could fill it."""

    def __init__(self, name: str, run: ClassificationRun, top: int | None) -> None:
        super().__init__(name, run)
        self._top = top
        self._texts = self.codec.texts(range(self.codec.size))
        self._candidates: dict[bool, list[int]] = {True: [], False: []}  # whether a word begins
        for index, text in enumerate(self._texts):
            if index >= SPECIAL and not _NO_TEXT.fullmatch(text):
                self._candidates[text.startswith(" ")].append(index)
        self._before = len(self.codec.encode(_NONCHARACTER))

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, in which each gap is MASK.

        The space before a gap is part of the piece that is missing. What follows a gap is encoded
        after a character that joins no piece: at the start of a text it would be given a space.
        """
        first, *others = _GAP.split(text)
        ids = self.codec.encode(first.removesuffix(" "))
        for part in others:
            after = self.codec.encode(_NONCHARACTER + part.removesuffix(" "))
            ids += [MASK, *after[self._before :]]
        return ids

    def answer(self, text: str, ids: list[int]) -> str:
        """Return the filled text and, with --top, a line for each gap below it.

        A gap beyond `ids` stays as it is.
        """
        if not _GAP.search(text):
            log(f"warning: without a gap (____): {text}")
        guesses = list(self._guesses(text, ids))
        likeliest = (piece for (piece, _), *_ in guesses)
        lines = [_GAP.sub(lambda gap: next(likeliest, gap.group()), text)]
        if self._top is not None:
            lines += ["  ".join(f"{piece} {share:.3f}" for piece, share in gap) for gap in guesses]
        return "\n".join(lines)

    def _guesses(self, text: str, ids: list[int]) -> Iterator[list[tuple[str, float]]]:
        """Yield the likeliest pieces of each gap in `ids`, with their probabilities."""
        for gap, shares in zip(_GAP.finditer(text), self.distributions(ids), strict=False):
            begins_word = f" {text}"[gap.start()] == " "
            best = sorted(self._candidates[begins_word], key=shares.__getitem__, reverse=True)
            yield [(self._texts[index].strip(), shares[index]) for index in best[: self._top or 1]]

    @torch.no_grad()
    def distributions(self, ids: list[int]) -> np.ndarray:
        """Return the probabilities (gap, id) of the pieces at each MASK of `ids`."""
        inputs = torch.tensor([ids], device=next(self.model.parameters()).device)
        states = self.model(inputs)[0, inputs[0] == MASK]
        return self.model.head.next_logits(states).double().softmax(dim=-1).cpu().numpy()
