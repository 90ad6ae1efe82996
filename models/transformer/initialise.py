"""The weights that a Transformer begins with."""

from torch import nn


def initialise(network: nn.Module) -> None:
    """Xavier-uniform matrices, zero biases."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
