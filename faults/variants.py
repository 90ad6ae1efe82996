"""A scale of small runs of every architecture, position scheme and task."""

import copy
from pathlib import Path
from typing import Any, NamedTuple

from faults.scale import ROOT, SMOKE, read, write

Section = dict[str, Any]


class Variant(NamedTuple):
    """A run of the smoke scale, and what differs in its sections.

    A model that names an architecture is given whole.
    """

    of: str
    model: Section = {}
    training: Section = {}
    decoding: Section = {}
    evaluation: Section = {}
    dataset: str | None = None


TRANSLATION, IMAGE, MUSIC = "translation_sinusoid", "image_local_2d", "music_relative"
# Of the default scale: the smoke scale has neither molecules nor passages.
MOLECULES, PASSAGES = "molecules_attention", "classification_attention"
UNLABELLED = "digits_unlabelled"
# Widths of the default scale: kernels depend on the size of a product.
WIDE = {"d_model": 128, "num_heads": 4, "d_ff": 512}
FEW = {"batch_tokens": 128}
SMALL = {"d_model": 32, "num_layers": 2, "dropout": 0.1}
LSTM = SMALL | {"architecture": "lstm", "positions": {"kind": "none"}}
CONVOLUTION = SMALL | {"architecture": "convs2s", "positions": {"kind": "sinusoid"}}
PIXELCNN = SMALL | {"architecture": "pixelcnn", "positions": {"kind": "none"}}
ROW_LSTM = SMALL | {"architecture": "row_lstm", "positions": {"kind": "none"}}
SHAW = {"kind": "shaw_relative", "max_distance": 4, "parts": "keys_and_values"}
PITCH_TIME = {"kind": "relative_pitch_time", "max_time_distance": 16, "max_pitch_distance": 24}
LABELLED = {"kind": "concatenated_sinusoid", "labels": "voices"}
GGNN = {
    "architecture": "ggnn",
    "positions": {"kind": "none"},
    "num_steps": 2,
    "d_model": 32,
    "towers": 4,
    "dropout": 0.1,
}
PIECES = {"output": {"kind": "categorical"}, "embeddings": "tied"}
NO_CLASSES = {"baselines": None}
MASKED = {"kind": "masked_pieces", "share": 0.15, "as_mask": 0.8, "as_other": 0.1}
NEXT_ID = {"output": {"kind": "class_and_next_id", "weight": 0.5}, "embeddings": "tied"}
HOPS = {"kind": "self_attentive", "hops": 4, "width": 16, "penalty": 0.1}
ALONG_BONDS = {"kind": "edges", "labels": [1, 2, 3]}
BLOCKS = {"kind": "local_1d", "query_block": 16, "memory_block": 16}
VARIANTS = {
    "translation_sinusoid": Variant(TRANSLATION, WIDE, FEW),
    "translation_shaw_relative": Variant(TRANSLATION, {"positions": SHAW}),
    "translation_rotary": Variant(TRANSLATION, {"positions": {"kind": "rotary", "base": 10000.0}}),
    "translation_alibi": Variant(TRANSLATION, {"positions": {"kind": "alibi"}}),
    "translation_lstm": Variant(TRANSLATION, LSTM | {"structure": "encoder_decoder"}),
    "translation_convolution": Variant(TRANSLATION, CONVOLUTION | {"kernel_size": 3}),
    "image_local_2d": Variant(IMAGE, WIDE, FEW),
    "image_local_1d": Variant(IMAGE, {"attention": BLOCKS}),
    "image_learned": Variant(IMAGE, {"positions": {"kind": "learned", "max_length": 64}}),
    "image_mixture": Variant(IMAGE, {"output": {"kind": "logistic_mixture", "mixtures": 5}}),
    "image_pixelcnn": Variant(IMAGE, PIXELCNN | {"first_kernel_size": 7, "kernel_size": 3}),
    "image_row_lstm": Variant(IMAGE, ROW_LSTM | {"first_kernel_size": 7, "kernel_size": 3}),
    "image_enlarged": Variant(
        IMAGE,
        {"structure": "encoder_decoder", "super_resolution": 2, "positions_at": "every_layer"},
        decoding={
            "samples_per_class": None,
            "completed_images": 10,
        },  # all: else some resamples are empty
        dataset=UNLABELLED,
    ),
    "music_skewed_relative": Variant(MUSIC, WIDE, FEW | {"crop": 128}),
    "music_pitch_time": Variant(MUSIC, {"positions": PITCH_TIME | {"max_distance": 63}}),
    "music_concatenated": Variant(MUSIC, {"positions": LABELLED | {"width": 32}}),
    "music_proposals": Variant(
        MUSIC, {"output": {"kind": "blockwise", "proposals": 3, "d_hidden": 64}}
    ),
    "music_lstm": Variant(MUSIC, LSTM | {"structure": "decoder"}),
    "music_gru": Variant(MUSIC, LSTM | {"architecture": "gru", "structure": "decoder"}),
    "molecules_labelled": Variant(MOLECULES, {"num_layers": 1}, FEW),
    "molecules_bonds": Variant(MOLECULES, SMALL | {"attention": ALONG_BONDS}, FEW),
    "molecules_gated_sum": Variant(MOLECULES, GGNN | {"readout": {"kind": "gated_sum"}}, FEW),
    "molecules_set2set": Variant(
        MOLECULES, GGNN | {"readout": {"kind": "set2set", "steps": 2}}, FEW
    ),
    "passages_encoder": Variant(PASSAGES, SMALL, FEW),
    "passages_decoder": Variant(PASSAGES, SMALL | NEXT_ID | {"structure": "decoder"}, FEW),
    "passages_masked": Variant(
        PASSAGES, SMALL | PIECES, FEW | {"objective": MASKED}, evaluation=NO_CLASSES
    ),
    "passages_next": Variant(
        PASSAGES,
        SMALL | PIECES | {"structure": "decoder"},
        FEW | {"objective": {"kind": "next_piece"}},
        evaluation=NO_CLASSES,
    ),
    "passages_hops": Variant(
        PASSAGES, LSTM | {"structure": "encoder", "directions": "both", "pooling": HOPS}, FEW
    ),
}
# Little to compute: emulated, a multiplication takes about a hundred times as long. There are more
# positions than models/shared/products.py adds up in one sum.
UPDATES = {
    "steps": 2,
    "batch_tokens": 448,
    "average_checkpoints": 2,
    "average_every": 1,
    "validate_every": 2,
    "checkpoint_every": 2,
    "keep_steps": [],
}
ENCODINGS = {  # of shortened archives
    "home_assistant": {
        "vocabulary_size": 400,
        "max_test_words": 6,
        "splits": {"validation": 0.1, "test": 0.1, "seed": 1},
    },
    "chorales": {"splits": {"validation": 0.1, "test": 0.1, "seed": 1}},
    "digits": {"splits": {"validation": 0.1, "test": 0.1, "seed": 1}},
    "qm7": {"splits": {"validation": 0.1, "test": 0.2, "seed": 1}},
    "help_programs": {
        "classes": ["scalc", "swriter"],
        "max_pieces": 32,
        "vocabulary_size": 600,
        "splits": {"validation": 0.1, "test": 0.2, "seed": 1},
    },
}


def write_scale(folder: Path) -> None:
    """Write the params.yaml of all VARIANTS."""
    raw, default = read(SMOKE), read(ROOT)
    datasets, runs = raw["datasets"], raw["runs"]
    for run in (MOLECULES, PASSAGES):
        runs[run] = default["runs"][run]
        dataset = runs[run]["dataset"]
        datasets[dataset] = default["datasets"][dataset]
    for name, encoding in ENCODINGS.items():
        datasets[name]["encoding"] |= encoding
    datasets[UNLABELLED] = copy.deepcopy(datasets["digits"])
    datasets[UNLABELLED]["encoding"]["classes"] = 1
    raw["runs"] = {name: _changed(runs[variant.of], variant) for name, variant in VARIANTS.items()}
    write(raw, folder)


def _changed(run: Section, variant: Variant) -> Section:
    whole = "architecture" in variant.model
    return run | {
        "dataset": variant.dataset or run["dataset"],
        "model": variant.model if whole else run["model"] | variant.model,
        "training": run["training"] | UPDATES | variant.training,
        "decoding": run["decoding"] | variant.decoding,
        "evaluation": run["evaluation"] | variant.evaluation,
    }
