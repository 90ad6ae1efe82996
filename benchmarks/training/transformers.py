"""Hugging Face's MarianMT in a plain loop with the sampler and the optimizer of its Trainer.

The loop is faster than Trainer. The sampler is that of `group_by_length`, with as many sentences
in a batch as ours have on average; the optimizer is fused, as in Trainer.
"""

import sys

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from transformers import MarianConfig, MarianMTModel
from transformers.trainer_pt_utils import LengthGroupedSampler

from benchmarks import subject
from benchmarks.rounds import Rounds
from models.shared.heads import IGNORED
from pipeline.corpus import read_sequences
from pipeline.tasks.translation.codec import BOS, EOS, PAD


def main(seconds: float) -> None:
    """Train until there are no more rounds."""
    training = subject.run().training
    torch.set_num_threads(training.threads)
    model = MarianMTModel(_configuration()).train()
    optimizer = torch.optim.Adam(
        model.parameters(),
        lr=training.learning_rate / training.schedule.warmup_steps,
        betas=(training.optimizer.beta1, training.optimizer.beta2),
        fused=True,
    )
    loader = _loader()
    rounds = Rounds({"parameters": subject.parameters(model)}, seconds)
    while True:
        for batch in loader:
            labels = batch.pop("labels")
            loss = F.cross_entropy(
                model(**batch, use_cache=False).logits.flatten(0, 1),
                labels.flatten(),
                ignore_index=IGNORED,
                label_smoothing=training.label_smoothing,
            )
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            loss.item()  # as every trainer does, to log it
            rounds.done(int((labels != IGNORED).sum()))


def _configuration() -> MarianConfig:
    ours = subject.run().model
    layers = {
        f"{stack}_{name}": value
        for stack in ("encoder", "decoder")
        for name, value in {
            "layers": ours.num_layers,
            "ffn_dim": ours.d_ff,
            "attention_heads": ours.num_heads,
        }.items()
    }
    return MarianConfig(
        vocab_size=subject.shape().outputs,
        d_model=ours.d_model,
        activation_function="relu",
        dropout=ours.dropout,
        attention_dropout=ours.attention_dropout,
        activation_dropout=ours.relu_dropout,
        scale_embedding=True,
        pad_token_id=PAD,
        eos_token_id=EOS,
        forced_eos_token_id=EOS,
        decoder_start_token_id=BOS,
        **layers,
    )


def _loader() -> DataLoader:
    encoded = subject.encoded()
    sources = [[*ids.tolist(), EOS] for ids in read_sequences(encoded, "train", "source")]
    targets = [[*ids.tolist(), EOS] for ids in read_sequences(encoded, "train", "target")]
    sentences = subject.run().training.batch_tokens * len(targets) // sum(map(len, targets))
    return DataLoader(
        list(zip(sources, targets, strict=True)),
        batch_size=sentences,
        sampler=LengthGroupedSampler(sentences, lengths=[len(source) for source in sources]),
        collate_fn=_collate,
    )


def _collate(pairs: list[tuple[list[int], list[int]]]) -> dict[str, Tensor]:
    source = _padded([source for source, _ in pairs], PAD)
    return {
        "input_ids": source,
        "attention_mask": (source != PAD).long(),
        "decoder_input_ids": _padded([[BOS, *target[:-1]] for _, target in pairs], PAD),
        "labels": _padded([target for _, target in pairs], IGNORED),
    }


def _padded(rows: list[list[int]], filler: int) -> Tensor:
    return pad_sequence([torch.tensor(row) for row in rows], True, filler)


if __name__ == "__main__":
    main(float(sys.argv[1]))
