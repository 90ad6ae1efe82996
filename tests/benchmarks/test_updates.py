import torch
from torch.nn import functional as F

from benchmarks.updates import COUNTED, operations
from models.settings import Numerics
from models.shared import products
from models.shared.base import AutoregressiveModel
from pipeline import config
from pipeline.training.batches import Batch

BATCH, LENGTH, WIDTH, OUTPUTS = 2, 5, 8, 11


class OneProduct(torch.nn.Module):
    """Embeddings times a matrix, and the nats of their softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(OUTPUTS, WIDTH)
        self.weight = torch.nn.Parameter(torch.randn(WIDTH, OUTPUTS))

    def nats(self, inputs, targets, source, label_smoothing):
        """Nats (batch, target)."""
        logits = self.embedding(inputs) @ self.weight
        return F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")


class Counting:
    """Equal batches, and the numbers of those that were asked for."""

    def __init__(self) -> None:
        self.asked = []

    def batch(self, number: int) -> Batch:
        """A batch of zeros."""
        self.asked.append(number)
        zeros = torch.zeros(BATCH, LENGTH, dtype=torch.long)
        return Batch(zeros, zeros)


def test_the_operations_of_an_update_are_those_of_all_its_batches():
    products.select(Numerics.NATIVE)
    training = config.run_of(config.load(), "translation_sinusoid").training
    training = training.model_copy(update={"accumulate_batches": 3})
    model: AutoregressiveModel = OneProduct()
    batches = Counting()
    # Forward, and the gradients of both factors.
    per_batch = 3 * 2 * BATCH * LENGTH * WIDTH * OUTPUTS
    assert operations(model, batches, training) == 3 * per_batch
    assert batches.asked == list(range(1, 3 * COUNTED + 1))
    assert model.weight.grad is None
