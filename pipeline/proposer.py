"""What proposes the ids of a command that decodes several a pass."""

from pipeline.decoding.fill import Blockwise, Fill
from pipeline.decoding.sampling import fill
from pipeline.settings.base import Method
from pipeline.settings.training import Training
from pipeline.trained import load_model


def fill_with(method: Method, proposer: str | None, training: Training) -> Fill:
    """Return the way to fill by `method`, with the network of the run `proposer` if it is named.

    It is on the device of `training`.
    """
    if method is Method.SEQUENTIAL:
        return fill
    return Blockwise(None if proposer is None else load_model(proposer, training))
