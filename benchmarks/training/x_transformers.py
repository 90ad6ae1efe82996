"""x-transformers' encoder-decoder in a plain loop.

It comes without data loading and without a trainer, so it gets our batches and the fused optimizer.
Its loss has no label smoothing.
"""

import sys
from itertools import count

import torch
from torch import nn
from x_transformers import XTransformer

from benchmarks import subject
from benchmarks.rounds import Rounds
from models.shared.heads import IGNORED
from pipeline.tasks.translation.batches import Batches
from pipeline.tasks.translation.codec import PAD

LONGEST = 1024


def main(seconds: float) -> None:
    """Train until there are no more rounds."""
    run = subject.run()
    training = run.training
    torch.set_num_threads(training.threads)
    model = _network().train()
    optimizer = torch.optim.Adam(
        model.parameters(),
        lr=training.learning_rate / training.schedule.warmup_steps,
        betas=(training.optimizer.beta1, training.optimizer.beta2),
        fused=True,
    )
    batches = Batches(subject.encoded(), run.model, subject.shape(), training)
    rounds = Rounds({"parameters": subject.parameters(model)}, seconds)
    for step in count(1):
        batch = batches.batch(step)
        target = torch.cat((batch.inputs[:, :1], batch.targets), dim=1)  # it shifts by itself
        loss = model(batch.source, target, mask=batch.source != PAD)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()  # as every trainer does, to log it
        rounds.done(batch.target_count)


def _network() -> XTransformer:
    ours = subject.run().model
    stack = {
        "num_tokens": subject.shape().outputs,
        "max_seq_len": LONGEST,
        "depth": ours.num_layers,
        "heads": ours.num_heads,
        "attn_dim_head": ours.d_model // ours.num_heads,
        "attn_flash": True,
        "attn_dropout": ours.attention_dropout,
        "attn_sublayer_dropout": ours.dropout,
        "ff_mult": ours.d_ff / ours.d_model,
        "ff_custom_activation": nn.ReLU(),
        "ff_dropout": ours.relu_dropout,
        "ff_sublayer_dropout": ours.dropout,
        "emb_dropout": ours.embedding_dropout,
        "use_abs_pos_emb": False,
        "scaled_sinu_pos_emb": True,
    }
    sides = {f"{side}_{name}": value for side in ("enc", "dec") for name, value in stack.items()}
    network = XTransformer(
        dim=ours.d_model, tie_token_emb=True, ignore_index=IGNORED, pad_value=PAD, **sides
    )
    decoder = network.decoder.net
    decoder.to_logits.weight = decoder.token_emb.emb.weight  # tied, as in our network
    return network


if __name__ == "__main__":
    main(float(sys.argv[1]))
