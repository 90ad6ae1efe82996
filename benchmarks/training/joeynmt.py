"""JoeyNMT's trainer on its own token batches, which are not sorted by length.

It reads text that is already split into words, the least work for its tokenizer.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from joeynmt.batch import Batch
from joeynmt.config import parse_global_args, set_validation_args
from joeynmt.prediction import prepare
from joeynmt.training import TrainManager

from benchmarks import joeynmt_model, subject
from benchmarks.rounds import Rounds
from pipeline.corpus import read_sequences

NEVER = 10**9


class CountedTrainer(TrainManager):
    """Its trainer; each step ends the one before."""

    rounds: Rounds
    _pending = 0  # targets of the step that is under way

    def _train_step(self, batch: Batch) -> tuple[float, int]:
        self.rounds.done(self._pending)
        self._pending = batch.ntokens
        return super()._train_step(batch)


def main(seconds: float) -> None:
    """Train until there are no more rounds."""
    torch.set_num_threads(subject.run().training.threads)
    with tempfile.TemporaryDirectory() as folder:
        args = parse_global_args(_configuration(Path(folder)))
        model, train_data, validation_data, _ = prepare(args, rank=0, mode="train")
        trainer = CountedTrainer(
            rank=0,
            model=model,
            model_dir=args.model_dir,
            device=args.device,
            autocast=args.autocast,
            seed=args.seed,
            train_args=args.train,
            dev_args=set_validation_args(args.test),
        )
        trainer.rounds = Rounds({"parameters": subject.parameters(model)}, seconds)
        trainer.train_and_validate(train_data, validation_data)


def _configuration(folder: Path) -> dict[str, Any]:
    training = subject.run().training
    (folder / "words").write_text("".join(f"{word}\n" for word in joeynmt_model.words()))
    for split in ("train", "validation"):
        for field in ("source", "target"):
            sequences = read_sequences(subject.encoded(), split, field)
            lines = (" ".join(map(str, ids)) + "\n" for ids in sequences)
            (folder / f"{split}.{field}").write_text("".join(lines))
    return {
        "name": "training",
        "model_dir": str(folder),
        "use_cuda": False,
        "normalization": "tokens",
        "data": {
            "train": str(folder / "train"),
            "dev": str(folder / "validation"),
            "dataset_type": "plain",
            "special_symbols": dict(joeynmt_model.SPECIAL),
            "src": {"lang": "source", "level": "word", "voc_file": str(folder / "words")},
            "trg": {"lang": "target", "level": "word", "voc_file": str(folder / "words")},
        },
        "model": joeynmt_model.settings(),
        "training": {
            "optimizer": "adam",
            "adam_betas": [training.optimizer.beta1, training.optimizer.beta2],
            "learning_rate": training.learning_rate,
            "learning_rate_min": 0.0,
            "learning_rate_warmup": training.schedule.warmup_steps,
            "scheduling": "warmupinversesquareroot",
            "label_smoothing": training.label_smoothing,
            "normalization": "tokens",
            "batch_type": "token",
            "batch_size": training.batch_tokens,
            "epochs": NEVER,
            "validation_freq": NEVER,
        },
        "testing": {},
    }


if __name__ == "__main__":
    main(float(sys.argv[1]))
