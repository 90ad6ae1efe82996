from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.settings.training import Adam, AdamW, Optimizer
from pipeline.training import optimizers
from tests.training.toys import OPTIMIZERS

RATES = [0.1, 0.3, 0.2, 0.05]
GRADIENTS = np.random.default_rng(1).normal(size=(len(RATES), 3))


def updated(settings: Optimizer) -> list[float]:
    """The weights 1, -2 and 0 after an update for each of the rates and gradients."""
    model = nn.Module()
    model.weights = nn.Parameter(torch.tensor([1.0, -2.0, 0.0], dtype=torch.float64))
    optimizer = optimizers.build(model, settings)
    for rate, gradient in zip(RATES, GRADIENTS, strict=True):
        model.weights.grad = torch.from_numpy(gradient)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
    return model.weights.tolist()


def naive(beta1: float, beta2: float, epsilon: float, weight_decay: float) -> np.ndarray:
    """The same by algorithm 2 of Loshchilov and Hutter 2019; without decay it is Adam."""
    weights, mean, squared = np.array([1.0, -2.0, 0.0]), 0.0, 0.0
    for step, (rate, gradient) in enumerate(zip(RATES, GRADIENTS, strict=True), start=1):
        mean = beta1 * mean + (1 - beta1) * gradient
        squared = beta2 * squared + (1 - beta2) * gradient**2
        unbiased, unbiased_squared = mean / (1 - beta1**step), squared / (1 - beta2**step)
        direction = unbiased / (np.sqrt(unbiased_squared) + epsilon)
        weights = weights - rate * (direction + weight_decay * weights)
    return weights


@pytest.mark.parametrize("betas", [(0.9, 0.98), (0.5, 0.7)])
@pytest.mark.parametrize("epsilon", [1e-9, 0.1])
def test_adam_is_the_naive_form(betas, epsilon):
    settings = Adam(kind="adam", beta1=betas[0], beta2=betas[1], epsilon=epsilon)
    assert updated(settings) == pytest.approx(naive(*betas, epsilon, 0.0), rel=1e-12)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_adamw_is_the_naive_form(weight_decay):
    settings = AdamW(kind="adamw", beta1=0.9, beta2=0.98, epsilon=1e-3, weight_decay=weight_decay)
    assert updated(settings) == pytest.approx(naive(0.9, 0.98, 1e-3, weight_decay), rel=1e-12)


def test_the_tests_of_checkpoints_and_resumption_have_every_optimizer():
    kinds = get_args(get_args(Optimizer)[0])
    assert [type(settings) for settings in OPTIMIZERS] == list(kinds)
