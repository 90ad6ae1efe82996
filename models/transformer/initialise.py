"""Weight initialisation of the Transformer."""

from torch import nn


def initialise(network: nn.Module) -> None:
    """Initialise linear layers: Xavier-uniform weights, zero biases."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
