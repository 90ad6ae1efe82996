"""Checks that runs fit their data sets."""

from pipeline.tasks.music.settings import VOICES, MusicDataset, MusicRun, Representation


def check_run(name: str, run: MusicRun, dataset: MusicDataset) -> None:
    """Raise ValueError if lengths or augmentation of run `name` do not fit the representation."""
    representation = dataset.encoding.representation
    where = f"datasets.{run.dataset}.encoding.representation = {representation}"
    augmentation = run.training.augmentation
    if run.training.crop is None:
        raise ValueError(
            f"runs.{name}.training.crop = null, but pieces of music are longer than a network "
            "reads; choose a number of positions"
        )
    if representation is Representation.CHORALE_GRID:
        _check_sixteenths(name, run, where)
    has_tempo = representation is Representation.PERFORMANCE_EVENTS
    if augmentation is not None and augmentation.changes_tempo and not has_tempo:
        raise ValueError(
            f"runs.{name}.training.augmentation.stretch = {augmentation.stretch}, but "
            f"{where} has no tempo; use [1.0]"
        )


def _check_sixteenths(name: str, run: MusicRun, where: str) -> None:
    lengths = {
        "training.crop": run.training.crop,
        "decoding.primer_tokens": run.decoding.primer_tokens,
        "decoding.tokens": run.decoding.tokens,
        "evaluation.stride": run.evaluation.stride,
        "evaluation.long_window": run.evaluation.long_window,
    }
    for path, length in lengths.items():
        if length % VOICES:
            raise ValueError(
                f"runs.{name}.{path} = {length} would cut a 16th, but {where} has "
                f"{VOICES} voices; choose a multiple of {VOICES}"
            )
