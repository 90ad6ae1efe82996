"""Build the optimizer of a run."""

import torch
from torch import nn

from pipeline.settings.training import Adam, AdamW, Optimizer


def build(model: nn.Module, settings: Optimizer) -> torch.optim.Optimizer:
    """Return the optimizer of the weights of `model` that are trained; updates set the rate."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    match settings:
        case Adam(beta1=beta1, beta2=beta2, epsilon=epsilon):
            # Kingma and Ba 2015, algorithm 1.
            return torch.optim.Adam(trained, betas=(beta1, beta2), eps=epsilon, fused=True)
        case AdamW(beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=decay):
            # Loshchilov and Hutter 2019, algorithm 2.
            return torch.optim.AdamW(
                trained,
                betas=(beta1, beta2),
                eps=epsilon,
                weight_decay=decay,
                fused=True,
            )
