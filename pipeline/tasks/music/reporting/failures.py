"""Sentences about generated music that went wrong, each written only where a number says so."""

from collections.abc import Sequence
from statistics import fmean

from models.settings import RelativePositionSettings
from pipeline.reporting.results import Result
from pipeline.tasks.music.reporting.chorales import VOICES, Chorale

_LOST = 1.5  # loss beyond the length of training crops / within it


def failures(result: Result, pieces: Sequence[Chorale]) -> list[str]:
    """Say whether a run fails beyond the length of its training crops, and whether it gets stuck.

    `pieces` are those that it generated.
    """
    return list(filter(None, (_lost(result), _stuck(result, pieces))))


def _lost(result: Result) -> str | None:
    crop, within, beyond = result.run.training.crop, [], []
    for name, nats in result.metrics.get("by_position", {}).items():
        first, last = map(int, name.split("-"))
        if last < crop:
            within.append(nats)
        elif first >= crop:
            beyond.append(nats)
    if not within or not beyond or fmean(beyond) <= _LOST * fmean(within):
        return None
    absolute = not isinstance(result.run.model.positions, RelativePositionSettings)
    cause = ", where its absolute positions are ones that training never had" if absolute else ""
    return (
        f"Beyond the {crop:,} tokens of a training crop its loss on the test pieces rises from "
        f"{fmean(within):.2f} to {fmean(beyond):.2f} nats per token{cause}."
    )


def _stuck(result: Result, pieces: Sequence[Chorale]) -> str | None:
    unprompted = [piece for piece in pieces if piece.kind == "from_nothing" and piece.bars]
    held = sum(len(piece.notes) <= len(VOICES) for piece in unprompted)
    if not held or result.run.decoding.sampling.top_k != 1:
        return None
    accuracy = result.metrics["baseline"]["hold_accuracy"]
    return (
        f"{held} of {len(unprompted)} unprompted pieces hold one chord from beginning to end: "
        f"decoding takes the likeliest token, and repeating the pitch before is right for "
        f"{100 * accuracy:.1f} % of the test tokens."
    )
