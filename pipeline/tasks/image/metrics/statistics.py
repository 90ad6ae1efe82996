"""Sufficient statistics of the metrics of images, and the scores of their sums."""

import numpy as np

BITS_PER_DIMENSION = ("bits", "dimensions")
# Squares of the largest intensity and of the errors, summed over the intensities of an enlarged
# image; 0 for other images.
PSNR = ("psnr_peak", "psnr_error")
PSNR_OF_MEAN = ("psnr_of_mean_peak", "psnr_of_mean_error")
DIVERSITY = ("deviation", "intensities")
# An interpolation is one image, as the mean of samples is, which are several.
BICUBIC_PSNR = ("psnr_of_mean_peak", "bicubic_error")
# Squares of the largest intensity and of the errors of denoised crops, summed over intensities.
DENOISED_PSNR = ("crop_peak", "denoised_error")
AVERAGED_PSNR = ("crop_peak", "averaged_error")
# Bits of the test images in the files of codecs, and under other baselines; dimensions as above.
BASELINES = {
    name: (f"{name}_bits", "dimensions")
    for name in ("png", "webp", "jpeg_xl", "bicubic", "class_and_position")
}


def psnr(sums: np.ndarray) -> np.ndarray:
    """Compute the peak signal-to-noise ratio in decibels from sums (..., 2) ordered as `PSNR`.

    The summed squared error is at least 1, so that the ratio is finite.
    """
    return 10 * np.log10(sums[..., 0] / np.maximum(sums[..., 1], 1.0))
