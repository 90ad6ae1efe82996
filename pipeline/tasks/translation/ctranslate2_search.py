"""Beam search by CTranslate2, with an exported network: `translate --engine ctranslate2`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from ctranslate2 import TranslationResult, Translator

from models.transformer.encoder_decoder import EncoderDecoder
from pipeline.errors import CheckpointError
from pipeline.tasks.translation.codec import EOS, Codec
from pipeline.tasks.translation.decoding.beam import Hypothesis, length_penalty
from pipeline.tasks.translation.decoding.decode import GREEDY, Sources, in_batches
from pipeline.tasks.translation.export import export
from pipeline.tasks.translation.settings import Beam, TranslationDecoding

PATIENCE = 2.0  # times the beam size: the hypotheses after which a search ends (Kasai et al. 2022)


class Ctranslate2Search:
    """CTranslate2's beam search in float32 on the CPU.

    It is done with a source after a number of finished hypotheses, and penalises length by another
    formula while it searches; of what it finds the best by our score are returned, with that score.
    So it may miss a better hypothesis that our search finds.
    """

    def __init__(
        self, model: EncoderDecoder, codec: Codec, decoding: TranslationDecoding, threads: int
    ) -> None:
        """Export `model`; CheckpointError if CTranslate2 cannot compute it."""
        self._decoding = decoding
        self._beam = decoding.method if isinstance(decoding.method, Beam) else GREEDY
        self._pieces = codec.vocabulary()
        self._ids = {piece: index for index, piece in enumerate(self._pieces)}
        with tempfile.TemporaryDirectory() as folder:
            try:
                export(model, self._pieces, Path(folder))
            except ValueError as error:  # it was trained before params.yaml was changed
                raise CheckpointError(f"the saved network: {error}; train it again") from None
            self._translator = Translator(
                folder, compute_type="float32", inter_threads=1, intra_threads=threads
            )

    def __call__(self, sources: Sources) -> Iterator[list[Hypothesis]]:
        """Yield the hypotheses of each source, as `decoding.decode.translate` does."""
        return in_batches(self._search, sources, self._decoding)

    def _search(self, batch: Sources) -> list[list[Hypothesis]]:
        """Search sources with EOS; the longest limits the length of all hypotheses.

        Theirs is the limit of the ids before EOS.
        """
        results = self._translator.translate_batch(
            [[self._pieces[index] for index in source] for source in batch],
            beam_size=self._beam.beam_size,
            num_hypotheses=self._beam.beam_size,
            length_penalty=self._beam.length_penalty,
            patience=PATIENCE,
            max_input_length=0,
            max_decoding_length=max(map(len, batch)) + self._decoding.extra_length - 1,
            min_decoding_length=0,
            return_end_token=True,
            return_scores=True,
        )
        return [self._hypotheses(result) for result in results]

    def _hypotheses(self, result: TranslationResult) -> list[Hypothesis]:
        """Return the `n_best` by our score; theirs is log P / length^alpha, EOS included in both.

        A hypothesis of the greatest length has no EOS, neither in its score.
        """
        alpha, found = self._beam.length_penalty, []
        for pieces, score in zip(result.hypotheses, result.scores, strict=True):
            ids = [self._ids[piece] for piece in pieces]
            log_prob = score * len(ids) ** alpha
            score = log_prob / length_penalty(len(ids), alpha)
            found.append(Hypothesis([index for index in ids if index != EOS], score))
        found.sort(key=lambda hypothesis: hypothesis.score, reverse=True)
        return found[: self._beam.n_best]
