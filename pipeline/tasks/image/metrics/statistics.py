"""The sufficient statistics of the metrics of images, and the scores that follow from sums."""

import numpy as np

BITS_PER_DIMENSION = ("bits", "dimensions")
# Of enlarged images: the squares of the largest intensity, and of the errors, summed over all
# intensities. An image that was not enlarged adds nothing.
PSNR = ("psnr_peak", "psnr_error")
PSNR_OF_MEAN = ("psnr_of_mean_peak", "psnr_of_mean_error")
DIVERSITY = ("deviation", "intensities")


def psnr(sums: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio in decibels from sums (..., 2) in the order of `PSNR`.

    An error of one level in one intensity is counted at least, so that it is finite.
    """
    return 10 * np.log10(sums[..., 0] / np.maximum(sums[..., 1], 1.0))
