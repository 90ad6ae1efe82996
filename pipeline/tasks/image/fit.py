"""What a run or a demonstration and its images have to agree on."""

from models.settings import Architecture, Categorical, Learned, Local1D, Local2D, ModelSettings
from pipeline.tasks.image.demonstrations.settings import Equivariance, SelfSimilarity
from pipeline.tasks.image.settings import ImageDataset, ImageRun, PhotographsEncoding


def check_run(name: str, run: ImageRun, dataset: ImageDataset) -> None:
    """Raise ValueError where the network or the training of run `name` does not fit the images."""
    height, width, channels = dataset.encoding.size
    augmentation = run.training.augmentation
    if run.model.architecture is Architecture.PIXELCNN and run.model.d_model % channels:
        raise ValueError(
            f"runs.{name}.model.d_model = {run.model.d_model} is not divisible by the {channels} "
            f"channels of datasets.{run.dataset}; choose a multiple"
        )
    if channels == 1 and augmentation is not None and augmentation.hue > 0.0:
        raise ValueError(
            f"runs.{name}.training.augmentation.hue = {augmentation.hue}, but datasets."
            f"{run.dataset} has grey images; use 0.0"
        )
    if isinstance(run.model, ModelSettings):
        per_pixel = channels if isinstance(run.model.output, Categorical) else 1
        _check_reduction(name, run, height, width)
        _check_positions(name, run, height, width * per_pixel)


def check_demonstration(
    name: str, demonstration: SelfSimilarity | Equivariance, dataset: ImageDataset
) -> None:
    """Raise ValueError where the data of demonstration `name` are no photographs."""
    if not isinstance(dataset.encoding, PhotographsEncoding):
        raise ValueError(
            f"demonstrations.{name}.dataset = {demonstration.dataset}, but datasets."
            f"{demonstration.dataset}.encoding.reader = {dataset.encoding.reader}; "
            "it has to be skimage_photographs"
        )


def _check_reduction(name: str, run: ImageRun, height: int, width: int) -> None:
    reduction = run.model.reduction
    if reduction is not None and (height % reduction or width % reduction):
        raise ValueError(
            f"runs.{name}.model.reduction = {reduction} does not divide the {height} x {width} "
            f"pixels of datasets.{run.dataset}; choose a divisor"
        )


def _check_positions(name: str, run: ImageRun, height: int, width: int) -> None:
    """Refuse too few positions, blocks larger than images, and rectangles that do not tile them."""
    has = f"datasets.{run.dataset} has images of {height} x {width} positions"
    match run.model.positions:
        case Learned(max_length=longest) if longest < height * width:
            raise ValueError(
                f"runs.{name}.model.positions.max_length = {longest}, but {has}; choose at least "
                f"{height * width}"
            )
    match run.model.locality:
        case Local1D(query_block=block) if block > height * width:
            wrong, remedy = f"query_block = {block}", "smaller"
        case Local2D(query_rows=rows, query_columns=columns) if height % rows or width % columns:
            wrong, remedy = f"query_rows = {rows} and query_columns = {columns}", "divisors"
        case _:
            return
    raise ValueError(f"runs.{name}.model.locality has {wrong}, but {has}; choose {remedy}")
