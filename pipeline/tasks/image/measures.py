"""The metrics and the trivial baselines of images."""

from dataclasses import replace
from typing import Any

from pipeline import block_measures
from pipeline.measures import Baseline, Measures, Metric
from pipeline.tasks.image.metrics import statistics
from pipeline.tasks.image.settings import ImageDataset, ImageRun

_BASELINES = {
    "png": "PNG",
    "webp": "WebP, lossless",
    "jpeg_xl": "JPEG XL, lossless",
    "bicubic": "bicubic interpolation",
    "class_and_position": "given class and position",
}

MEASURES = Measures(
    metrics=(
        Metric(
            "bits_per_dimension",
            "bits per dimension",
            "−log₂ p per intensity, averaged over all channels and pixels of the test images",
            decimals=3,
            higher_is_better=False,
            has_interval=True,
            statistics=statistics.BITS_PER_DIMENSION,
            headline="bits",
        ),
        Metric(
            "psnr",
            "PSNR",
            "peak signal-to-noise ratio of enlarged images in decibels, of a sample at the first "
            "temperature",
            decimals=2,
            higher_is_better=True,
            optional=True,
            statistics=statistics.PSNR,
            compute=statistics.psnr,
        ),
        Metric(
            "psnr_of_mean",
            "PSNR of the mean",
            "the same of the mean of all samples of an image",
            decimals=2,
            higher_is_better=True,
            optional=True,
            statistics=statistics.PSNR_OF_MEAN,
            compute=statistics.psnr,
        ),
        Metric(
            "diversity",
            "diversity",
            "standard deviation of an intensity among the samples of an image, as a share of "
            "the range",
            decimals=3,
            higher_is_better=True,
            optional=True,
            statistics=statistics.DIVERSITY,
        ),
        *block_measures.METRICS,
    ),
    baselines=(
        Baseline(
            "Bicubic interpolation",
            {"bits_per_dimension": "bicubic", "psnr": "bicubic_psnr"},
            optional=True,
            definition="a logistic around the interpolated intensity, whose one scale maximises "
            "the likelihood of the training images; the only baseline that is given the source; "
            "the others model the image without it",
        ),
        Baseline("Uniform distribution", {"bits_per_dimension": "uniform"}),
        Baseline("Frequency of each intensity", {"bits_per_dimension": "unigram"}),
        Baseline("Given the pixel to the left", {"bits_per_dimension": "left_neighbour"}),
        Baseline("Difference to the pixel to the left", {"bits_per_dimension": "left_difference"}),
        Baseline("Given class and position", {"bits_per_dimension": "class_and_position"}),
        *(
            Baseline(_BASELINES[key], {"bits_per_dimension": key})
            for key in ("png", "webp", "jpeg_xl")
        ),
    ),
    records="images",
    for_claims=(
        block_measures.ONE_ID,
        *(
            Metric(
                key,
                f"bits per dimension, {label}",
                "bits of the test images per intensity, without the network",
                decimals=3,
                higher_is_better=False,
                statistics=statistics.BASELINES[key],
            )
            for key, label in _BASELINES.items()
        ),
        *(
            Metric(
                key,
                f"PSNR, {label}",
                "peak signal-to-noise ratio in decibels, without a trained network",
                decimals=2,
                higher_is_better=True,
                statistics=names,
                compute=statistics.psnr,
            )
            for key, label, names in (
                ("bicubic_psnr", "bicubic interpolation", statistics.BICUBIC_PSNR),
                ("denoised_psnr", "non-local means", statistics.DENOISED_PSNR),
                ("averaged_psnr", "mean of the same patch", statistics.AVERAGED_PSNR),
            )
        ),
    ),
)

ONE_CLASS = replace(
    MEASURES,
    baselines=tuple(
        replace(baseline, label="Given position")
        if "class_and_position" in baseline.keys.values()
        else baseline
        for baseline in MEASURES.baselines
    ),
)


def measures(run: ImageRun, dataset: ImageDataset, facts: dict[str, Any]) -> Measures:
    """Return the measures of a run; with a single class a baseline is labelled by position only."""
    per_class = facts["splits"].get("train", {}).get("records_per_class", [])
    return ONE_CLASS if len(per_class) == 1 else MEASURES
