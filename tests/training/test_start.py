"""A training that starts from the weights of another run, which stay as they are if frozen."""

import copy
from pathlib import Path

import pytest
import torch

from models import store
from models.settings import Directions, Embeddings, Norm
from models.shared.base import AutoregressiveModel
from pipeline.errors import CheckpointError
from pipeline.settings.training import CheckpointSelection
from pipeline.tasks.music.codec import grid, melody
from pipeline.training.loss import MeanNats
from pipeline.training.start import is_frozen, take_weights
from pipeline.training.trainer import train
from tests.models import baselines
from tests.models.networks import (
    PASSAGE,
    PROPOSALS,
    causal_classifier,
    classifier,
    decoder,
    masked_encoder,
    next_id_classifier,
)
from tests.training.test_resumption import Interrupted
from tests.training.toys import Reversal, network, training

READER = baselines.changed(
    baselines.LSTM_ENCODER,
    num_layers=baselines.LSTM.num_layers,
    directions=Directions.FORWARD,
    pooling=baselines.LAST,
)
OTHER_IDS = (melody.SHAPE, grid.SHAPE)
HEAD = {f"head.w_{layer}.{kind}" for layer in (1, 2) for kind in ("weight", "bias")}


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """The weights of a run without proposals."""
    folder = tmp_path_factory.mktemp("runs") / "base/model"
    folder.mkdir(parents=True)
    store.save(network(training(seed=7)), folder)
    return folder / store.WEIGHTS


def start(base: Path, frozen: bool, **changes: object) -> tuple[AutoregressiveModel, str]:
    """A network with proposals that has the weights of `base`, and what is said of that."""
    model = network(training(**changes), output=PROPOSALS)
    return model, take_weights(model, base, frozen)


def weights(path: Path) -> dict[str, torch.Tensor]:
    return store.load_file(path)


@pytest.mark.parametrize("frozen", [True, False])
def test_what_agrees_in_name_and_shape_is_taken_and_the_rest_is_new(base, frozen):
    new = network(training(), output=PROPOSALS).state_dict()
    model, said = start(base, frozen)
    taken = weights(base)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, taken[name] if name in taken else new[name])
    count = sum(tensor.numel() for tensor in taken.values())
    how = "taken and frozen" if frozen else "taken"
    assert said == f"{count:,} weights of base are {how}; new: head.w_1, head.w_2"
    trained = {name for name, each in model.named_parameters() if each.requires_grad}
    assert trained == (HEAD if frozen else {*taken, *HEAD})


PRE_TRAINED = {
    "BERT": (masked_encoder, classifier),
    "GPT": (
        lambda: decoder(shape=PASSAGE, norm=Norm.PRE, embeddings=Embeddings.TIED),
        causal_classifier,
    ),
    "GPT, next ids too": (
        lambda: decoder(shape=PASSAGE, norm=Norm.PRE, embeddings=Embeddings.TIED),
        next_id_classifier,
    ),
    "LSTM": (lambda: baselines.network(baselines.LSTM, PASSAGE), lambda: baselines.network(READER)),
}


@pytest.mark.parametrize("name", PRE_TRAINED)
def test_a_classifier_takes_all_weights_of_a_pre_trained_network_but_the_head(tmp_path, name):
    learned, tuned = (make() for make in PRE_TRAINED[name])
    folder = tmp_path / "base/model"
    folder.mkdir(parents=True)
    store.save(learned, folder)
    said = take_weights(tuned, folder / store.WEIGHTS, frozen=False)
    assert said.endswith("new: head.output_projection")
    taken = weights(folder / store.WEIGHTS)
    for key, tensor in tuned.state_dict().items():
        assert key.startswith("head.") or torch.equal(tensor, taken[key])


def test_a_network_of_chorales_takes_the_layers_of_one_of_melodies(tmp_path):
    learned, tuned = (decoder(shape=shape, embeddings=Embeddings.SEPARATE) for shape in OTHER_IDS)
    folder = tmp_path / "base/model"
    folder.mkdir(parents=True)
    store.save(learned, folder)
    said = take_weights(tuned, folder / store.WEIGHTS, frozen=False)
    assert said.endswith("; new: embedding.tokens, head.output_projection")
    taken = weights(folder / store.WEIGHTS)
    layers = [key for key in taken if not key.startswith(("embedding.", "head."))]
    assert layers and all(torch.equal(tuned.state_dict()[key], taken[key]) for key in layers)


def test_a_weight_of_another_shape_is_new(base):
    model = network(training(), output=PROPOSALS, d_ff=13)
    said = take_weights(model, base, frozen=False)
    assert "encoder.0.feed_forward.w_1" in said and "encoder.0.attention" not in said


def test_frozen_weights_keep_their_bits_and_all_others_are_trained(base, tmp_path):
    """The average of ten equal numbers may differ from them in the last bit."""
    for selection in CheckpointSelection:
        settings = training(checkpoint_selection=selection)
        model, _ = start(base, frozen=True)
        before = copy.deepcopy(model.state_dict())
        work = tmp_path / selection
        work.mkdir()
        train(model, Reversal(), settings, work, "toy")
        same = {
            name for name, each in model.state_dict().items() if torch.equal(each, before[name])
        }
        assert same == before.keys() - HEAD


def test_a_resumed_training_ends_with_the_same_bytes(base, tmp_path):
    def run(name: str, batches: Reversal) -> dict[str, torch.Tensor]:
        model, _ = start(base, frozen=True)
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        train(model, batches, training(), folder, "toy")
        return model.state_dict()

    undisturbed = run("undisturbed", Reversal())
    with pytest.raises(KeyboardInterrupt):
        run("interrupted", Interrupted(8))
    resumed = run("interrupted", Reversal())
    assert all(torch.equal(resumed[name], undisturbed[name]) for name in undisturbed)


@pytest.mark.parametrize("frozen", [True, False])
def test_what_is_frozen_has_no_dropout(base, frozen):
    model, _ = start(base, frozen)
    loss = MeanNats(model, 0.0).train()
    assert is_frozen(model.encoder) == frozen and not is_frozen(model)
    assert model.encoder[0].around_attention.training is not frozen
    assert model.head.training and loss.training
    batch = Reversal().batch(1)
    states = [model(batch.inputs, batch.source) for _ in range(2)]
    assert torch.equal(*states) == frozen


def test_weights_that_are_not_there_or_do_not_fit_are_told(base, tmp_path):
    model = network(training())
    with pytest.raises(CheckpointError, match="no weights to start from .*; train it$"):
        take_weights(model, tmp_path / "none/model/model.safetensors", frozen=False)
    with pytest.raises(ValueError, match="^frozen = true leaves nothing to train; use false$"):
        take_weights(model, base, frozen=True)
    with pytest.raises(ValueError, match="^run: no weight of its model has the name"):
        take_weights(torch.nn.Linear(2, 3), base, frozen=False)
