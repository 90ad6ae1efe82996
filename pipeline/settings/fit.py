"""What a run and its data set have to agree on."""

from pipeline.tasks.image.settings import ImageDataset, ImageRun
from pipeline.tasks.music.settings import MusicDataset, MusicRun, Representation

VOICES = (
    4  # of a chorale's grid: the length of codec.grid.VOICES, which no stage has to read for this
)


def check_image(name: str, run: ImageRun, dataset: ImageDataset) -> None:
    """Raise ValueError where the network or the training of run `name` does not fit the images."""
    channels = dataset.encoding.size[2]
    augmentation = run.training.augmentation
    if channels == 1 and augmentation is not None and augmentation.hue > 0.0:
        raise ValueError(
            f"runs.{name}.training.augmentation.hue = {augmentation.hue}, but datasets."
            f"{run.dataset} has grey images; use 0.0"
        )


def check_music(name: str, run: MusicRun, dataset: MusicDataset) -> None:
    """Raise ValueError where lengths of run `name` cut a 16th, or settings do not fit the ids."""
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
        if augmentation is not None and augmentation.stretches:
            raise ValueError(
                f"runs.{name}.training.augmentation.stretch = {augmentation.stretch}, but "
                f"{where} has no tempo; use [1.0]"
            )
    elif run.needs_voices:
        raise ValueError(
            f"runs.{name}.model.positions.kind = {run.model.positions.kind} tells voices, "
            f"but {where}; use positions.kind = skewed_relative"
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
