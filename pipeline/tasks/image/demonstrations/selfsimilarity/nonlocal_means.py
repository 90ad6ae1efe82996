"""Non-local means (Buades et al. 2005): attention whose kernel is fixed, not learned.

A pixel becomes the mean of all pixels, weighted by exp(-||P_i - P_j||^2 / h^2), where P_i is the
patch around pixel i. Because ||P_i - P_j||^2 = ||P_i||^2 - 2 P_i.P_j + ||P_j||^2 and the first term
is the same for all keys of a query, this is a softmax of dot products.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from models.transformer.attention import attention, attention_weights


def nonlocal_means(image: Tensor, patch: int, bandwidth: float) -> Tensor:
    """Denoise image (height, width, channels) with patches of patch x patch pixels, an odd number.

    `bandwidth` is h, in intensities: about the standard deviation of the noise.
    """
    query, key = fixed_kernel(patches(image, patch) / bandwidth)
    value = image.flatten(0, 1)
    denoised = attention(query[None, None], key[None, None], value[None, None], None, 0.0)
    return denoised[0, 0].view(image.shape)


def weights_of(image: Tensor, patch: int, bandwidth: float, row: int, column: int) -> Tensor:
    """Return the weights (height, width) of all pixels in the mean that (row, column) becomes."""
    query, key = fixed_kernel(patches(image, patch) / bandwidth)
    pixel = row * image.shape[1] + column
    weights = attention_weights(query[None, None, pixel : pixel + 1], key[None, None], None)
    return weights.view(image.shape[:2])


def fixed_kernel(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Return queries and keys (vector, size + 1) of vectors (vector, size).

    Their attention weights are exp(-||v_i - v_j||^2), normalised over j. The last feature is
    -||v_j||^2 in a key and 1 in a query: it adds -||v_j||^2 to the logits.
    """
    centred = vectors - vectors.mean(dim=0)  # keeps differences, makes products small
    divisor = (centred.shape[1] + 1) ** 0.5  # of the logits, in `attention`
    query = F.pad(2 * centred, (0, 1), value=1.0) * divisor
    key = torch.cat((centred, -centred.square().sum(dim=1, keepdim=True)), dim=1)
    return query, key


def patches(image: Tensor, size: int) -> Tensor:
    """Extract the size x size pixels around every pixel, mirrored at the edges.

    Returns (pixel, channel * size^2), scaled such that ||P_i - P_j||^2 is the mean squared
    difference under Gaussian weights of standard deviation (size - 1) / 4.
    """
    padded = F.pad(image.permute(2, 0, 1)[None], (size // 2,) * 4, mode="reflect")
    steps = torch.arange(size, dtype=image.dtype) - size // 2
    gaussian = torch.exp(-(steps**2) / (2 * ((size - 1) / 4) ** 2))
    weights = torch.outer(gaussian, gaussian).flatten().repeat(image.shape[2])
    shares = weights / weights.sum()
    return F.unfold(padded, size)[0].T * (shares * shares.rsqrt())


def box_mean(image: torch.Tensor, size: int) -> torch.Tensor:
    """Average size x size pixels around each pixel of image (height, width, channels)."""
    padded = torch.nn.functional.pad(image.permute(2, 0, 1)[None], (size // 2,) * 4, mode="reflect")
    return torch.nn.functional.avg_pool2d(padded, size, stride=1)[0].permute(1, 2, 0)
