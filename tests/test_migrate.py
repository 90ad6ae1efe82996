"""Networks that were saved before tensors and settings had their present names compute the same.

tests/models/saved holds small ones, and in outputs.safetensors what they computed: `inputs`,
`targets` and `source` (where there is one) give `logits` and `nats`, a `template` gives `samples`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

from models import store
from models.shared.base import AutoregressiveModel
from pipeline import migrate
from pipeline.decoding.sampling import fill
from pipeline.errors import CheckpointError
from pipeline.settings.base import Sampling
from tests.models.comparison import stepped_logits

ROOT = Path(__file__).parents[1]
SAVED = ROOT / "tests/models/saved"
NAMES = sorted(path.name for path in SAVED.iterdir())
SAMPLING = Sampling(seed=5, temperature=1.0, top_k=None, top_p=1.0)

every_network = pytest.mark.parametrize("name", NAMES)


def _converted(name: str, folder: Path) -> tuple[AutoregressiveModel, dict[str, torch.Tensor]]:
    """The converted network, and what the old one computed."""
    migrate.main(SAVED / name, folder)
    outputs = load_file(SAVED / name / "outputs.safetensors")
    return store.load(folder), outputs | {"source": outputs.get("source")}


@torch.no_grad()
@every_network
def test_a_converted_network_has_the_nats_logits_and_samples_of_the_old_one(name, tmp_path):
    model, old = _converted(name, tmp_path / "new")
    nats = model.nats(old["inputs"], old["targets"], old["source"])
    assert_close(nats, old["nats"], rtol=0, atol=1e-5)  # sums are rounded in another order now
    batch, length = old["inputs"].shape
    state = model.init_state(old["source"], batch if old["source"] is None else 1, length)
    log_probs = stepped_logits(model, old["inputs"], state).log_softmax(dim=-1)
    assert_close(log_probs, old["logits"].log_softmax(dim=-1), rtol=0, atol=1e-5)
    samples = fill(model, old["template"], SAMPLING, source=old["source"])
    assert torch.equal(samples, old["samples"])


@every_network
def test_the_weights_are_the_same_bits(name, tmp_path):
    migrate.main(SAVED / name, tmp_path / "new")
    old, new = (load_file(folder / store.WEIGHTS) for folder in (SAVED / name, tmp_path / "new"))
    assert len(old) == len(new)
    for key, tensor in old.items():
        assert torch.equal(new[migrate.renamed(key)], tensor)


def test_a_converted_network_is_saved_as_it_was_written(tmp_path):
    model, _ = _converted("translation_shaw", tmp_path / "new")
    store.save(model, tmp_path)
    assert (
        load_file(tmp_path / store.WEIGHTS).keys()
        == load_file(tmp_path / "new" / store.WEIGHTS).keys()
    )
    configs = [
        json.loads((each / store.CONFIG).read_text()) for each in (tmp_path, tmp_path / "new")
    ]
    assert configs[0] == configs[1]


def _assert_refused(old: Path, new: Path, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason) as caught:
        migrate.main(old, new)
    message = str(caught.value)
    assert message.startswith(f"{old}: ") and "\n" not in message
    assert not new.exists()


@pytest.fixture
def old(tmp_path) -> Path:
    return Path(shutil.copytree(SAVED / "translation_shaw", tmp_path / "old"))


def test_a_network_of_today_is_refused(old, tmp_path):
    migrate.main(old, tmp_path / "new")
    _assert_refused(tmp_path / "new", tmp_path / "newer", "not a model of an earlier version")


@pytest.mark.parametrize("file", [store.WEIGHTS, store.CONFIG])
def test_a_missing_file_is_refused(old, tmp_path, file):
    (old / file).unlink()
    _assert_refused(old, tmp_path / "new", rf"not a model .*{file}")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"settings": 1, "shape": 2}', "\x00"])
def test_a_damaged_description_is_refused(old, tmp_path, content):
    (old / store.CONFIG).write_text(content)
    _assert_refused(old, tmp_path / "new", "not a model of an earlier version")


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_cut_weights_are_refused(old, tmp_path, kept):
    path = old / store.WEIGHTS
    path.write_bytes(path.read_bytes()[:kept])
    _assert_refused(old, tmp_path / "new", "not a model of an earlier version")


def test_parts_that_do_not_fit_are_refused(old, tmp_path):
    config = json.loads((old / store.CONFIG).read_text())
    config["shape"]["outputs"] = config["shape"]["inputs"] = 11
    (old / store.CONFIG).write_text(json.dumps(config))
    _assert_refused(old, tmp_path / "new", "cannot be converted: .*size mismatch")


def test_what_was_there_stays_if_the_old_network_is_refused(old, tmp_path):
    migrate.main(old, tmp_path / "new")
    before = (tmp_path / "new" / store.WEIGHTS).read_bytes()
    (old / store.WEIGHTS).unlink()
    with pytest.raises(CheckpointError):
        migrate.main(old, tmp_path / "new")
    assert (tmp_path / "new" / store.WEIGHTS).read_bytes() == before


def test_the_command_converts_or_says_why_not_in_one_line(old, tmp_path):
    command = [sys.executable, "-m", "pipeline", "migrate", str(old), str(tmp_path / "new")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    store.load(tmp_path / "new")
    (old / store.CONFIG).unlink()
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: {old}: not a model of an earlier version")
    assert refused.stderr.count("\n") == 1
