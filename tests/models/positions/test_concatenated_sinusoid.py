import pytest
import torch
from torch.testing import assert_close

from models.positions.concatenated_sinusoid import ConcatenatedSinusoid
from models.shared.coordinates import Grid
from models.shared.positions import Site
from tests.models import naive
from tests.models.comparison import assert_same_values_and_gradients, random_tensor
from tests.models.networks import CONCATENATED, FULL, LABELLED, VOICES

GRID = Grid.of(FULL, VOICES.layout)


@pytest.mark.parametrize("settings", [CONCATENATED, LABELLED], ids=["unlabelled", "labelled"])
@pytest.mark.parametrize("first", [0, 4])
def test_sinusoids_and_labels_are_concatenated_and_projected(settings, first):
    scheme = ConcatenatedSinusoid(settings, Site(6, 2, VOICES.layout)).double()
    vectors = random_tensor(2, 5, 6).requires_grad_()
    found = scheme(vectors, torch.arange(first, first + 5), GRID)
    labels = [scheme.labels.weight] if settings is LABELLED else []
    expected = []
    for row in vectors:
        for position, vector in enumerate(row, start=first):
            parts = [vector, torch.tensor(naive.positional_encoding(position, 4)).double()]
            parts += [table[position % 3] for table in labels]  # 0 is soprano's, after the start
            expected.append(scheme.projection.weight @ torch.cat(parts) + scheme.projection.bias)
    expected = torch.stack(expected).view(2, 5, 6)
    # the sinusoids are float32
    assert_same_values_and_gradients(found, expected, [vectors, *scheme.parameters()], 1e-6)


def test_there_is_a_label_for_each_voice_only_if_asked_for():
    labelled = ConcatenatedSinusoid(LABELLED, Site(6, 2, VOICES.layout))
    assert labelled.labels.weight.shape == (3, 4)
    unlabelled = ConcatenatedSinusoid(CONCATENATED, Site(6, 2, VOICES.layout))
    assert {name for name, _ in unlabelled.named_parameters()} == {
        "projection.weight",
        "projection.bias",
    }


def test_all_rows_of_a_batch_have_the_same_positions():
    scheme = ConcatenatedSinusoid(LABELLED, Site(6, 2, VOICES.layout)).double()
    vectors = random_tensor(1, 5, 6).expand(3, -1, -1)
    found = scheme(vectors, torch.arange(5), GRID)
    assert_close(found, found[:1].expand(3, -1, -1))
