import json

import pytest
import torch

from models import store
from models.settings import Embeddings
from tests.models.architectures import ALL
from tests.models.networks import CONCATENATED, IMAGE, LABELLED, LEARNED, SINUSOID, decoder

NETWORKS = ALL | {
    "learned": lambda: decoder(LEARNED, embeddings=Embeddings.TIED),
    "concatenated": lambda: decoder(CONCATENATED),
    "labelled": lambda: decoder(LABELLED),
}


@pytest.fixture
def saved(tmp_path):
    store.save(decoder(SINUSOID).float(), tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_read_back_as_it_was(name, tmp_path):
    model = NETWORKS[name]().float()
    store.save(model, tmp_path)
    loaded = store.load(tmp_path)
    assert (loaded.settings, loaded.shape) == (model.settings, model.shape)
    assert not loaded.training
    for key, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], tensor)


def test_equal_networks_have_equal_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        store.save(decoder(SINUSOID), tmp_path / name)
    for file in (store.WEIGHTS, store.CONFIG):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def _assert_refused(folder, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        store.load(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_cut_weights_are_refused(saved, kept):
    path = saved / store.WEIGHTS
    path.write_bytes(path.read_bytes()[:kept])
    _assert_refused(saved, "not a saved model")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"settings": 1, "shape": 2}', "\x00"])
def test_a_damaged_description_is_refused(saved, content):
    (saved / store.CONFIG).write_text(content)
    _assert_refused(saved, "not a saved model")


@pytest.mark.parametrize("file", [store.WEIGHTS, store.CONFIG])
def test_a_missing_file_is_refused(saved, file):
    (saved / file).unlink()
    _assert_refused(saved, "not a saved model")


def test_weights_of_another_size_are_refused(saved):
    config = json.loads((saved / store.CONFIG).read_text())
    config["shape"]["outputs"] = IMAGE.outputs + 1
    (saved / store.CONFIG).write_text(json.dumps(config))
    _assert_refused(saved, "size mismatch")
