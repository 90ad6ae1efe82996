"""Non-local means (Buades et al. 2005): attention whose kernel is fixed, not learned.

A pixel becomes the mean of all pixels, weighted by exp(-||P_i - P_j||^2 / h^2), where P are the
patches around them. Because ||P_i - P_j||^2 = ||P_i||^2 - 2 P_i.P_j + ||P_j||^2 and the first term
is the same for all keys of a query, that is a softmax of dot products.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from models.transformer.attention import attention


def nonlocal_means(image: Tensor, patch: int, bandwidth: float) -> Tensor:
    """Denoise image (height, width, channels) by patches of patch x patch pixels, 3 or 5 or ...

    `bandwidth` is h, in intensities: about the standard deviation of the noise.
    """
    query, key = fixed_kernel(patches(image, patch) / bandwidth)
    value = image.flatten(0, 1)
    denoised = attention(query[None, None], key[None, None], value[None, None], None, 0.0)
    return denoised[0, 0].view(image.shape)


def fixed_kernel(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Queries and keys (vector, size + 1) of vectors (vector, size).

    `attention` gives them the weights exp(-||v_i - v_j||^2), divided by their sum over j. The last
    feature of a key is -||v_j||^2; it is 1 in a query, so that it adds to the logits.
    """
    centred = vectors - vectors.mean(dim=0)  # differences stay; products become small
    divisor = (centred.shape[1] + 1) ** 0.5  # of the logits, in `attention`
    query = F.pad(2 * centred, (0, 1), value=1.0) * divisor
    key = torch.cat((centred, -centred.square().sum(dim=1, keepdim=True)), dim=1)
    return query, key


def patches(image: Tensor, size: int) -> Tensor:
    """The size x size pixels around every pixel, mirrored at the edges: (pixel, channel * size^2).

    Scaled such that ||P_i - P_j||^2 is the mean squared difference, the middle of a patch counting
    more than its edge: a Gaussian of standard deviation (size - 1) / 4.
    """
    padded = F.pad(image.permute(2, 0, 1)[None], (size // 2,) * 4, mode="reflect")
    steps = torch.arange(size, dtype=image.dtype) - size // 2
    gaussian = torch.exp(-(steps**2) / (2 * ((size - 1) / 4) ** 2))
    weights = torch.outer(gaussian, gaussian).flatten().repeat(image.shape[2])
    return F.unfold(padded, size)[0].T * (weights / weights.sum()).sqrt()
