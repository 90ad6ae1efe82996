"""Files of ONNX graphs: <graph>.onnx, with weights in float32 and any number of positions."""

import logging
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from models.settings import Numerics
from models.shared import products
from models.transformer.decoder import Decoder
from models.transformer.encoder_decoder import EncoderDecoder
from pipeline.errors import ConfigError
from pipeline.exporting.graphs import (
    DecoderGraph,
    EncoderGraph,
    TranslatorGraph,
    check_exportable,
    empty_cache,
)

_DYNAMIC = torch.export.Dim.DYNAMIC
_IDS, _CACHE = {1: _DYNAMIC}, {3: _DYNAMIC}  # the axes of any length
_FED, _PAST, _SOURCE = 7, 5, 6  # positions of an example, whose numbers the graph does not keep


class _Graph(NamedTuple):
    """A graph, its inputs with the axes of any length, and its outputs."""

    module: nn.Module
    inputs: dict[str, tuple[Tensor, dict[int, Any]]]
    outputs: list[str]


def write_onnx(model: Decoder | EncoderDecoder, folder: Path) -> list[Path]:
    """Write the graphs of `model` into `folder`, and return their paths; equal ones, equal bytes.

    Raises ValueError for a network without graphs, ConfigError if a package is missing. Selects
    native numerics for this process.
    """
    for package in ("onnx", "onnxscript"):
        if find_spec(package) is None:
            raise ConfigError(
                f'--format onnx: {package} is not installed; run pip install -e ".[onnx]"'
            )
    check_exportable(model)
    products.select(Numerics.NATIVE)
    paths = []
    for name, graph in _graphs(model).items():
        paths.append(folder / f"{name}.onnx")
        paths[-1].write_bytes(_to_bytes(graph))
    return paths


def _graphs(model: Decoder | EncoderDecoder) -> dict[str, _Graph]:
    ids = torch.zeros(1, _FED, dtype=torch.long)
    past = empty_cache(model).repeat(1, 1, 1, 1, 1)
    past = past.new_zeros(*past.shape[:3], _PAST, past.shape[4])
    fed = {"ids": (ids, _IDS), "keys": (past, _CACHE), "values": (past.clone(), _CACHE)}
    returned = ["logits", "new_keys", "new_values", "weights"]
    if isinstance(model, Decoder):
        model(ids)  # computes the tables that are kept
        return {"decoder": _Graph(DecoderGraph(model), fed, returned)}
    source = torch.ones(1, _SOURCE, dtype=torch.long)
    encoder = EncoderGraph(model)
    encoded = ["memory_keys", "memory_values"]
    with torch.no_grad():
        memory = dict(zip(encoded, encoder(source)[:2], strict=True))
    fed |= {name: (tensor.clone(), _CACHE) for name, tensor in memory.items()}
    return {
        "encoder": _Graph(encoder, {"source": (source, _IDS)}, [*encoded, "weights"]),
        "decoder": _Graph(TranslatorGraph(model), fed, [*returned, "cross_weights"]),
    }


def _to_bytes(graph: _Graph) -> bytes:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # what torchvision would add
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph.module.eval(),
            tuple(tensor for tensor, _ in graph.inputs.values()),
            dynamo=True,
            dynamic_shapes=[axes for _, axes in graph.inputs.values()],
            input_names=list(graph.inputs),
            output_names=graph.outputs,
            verbose=False,
        )
    proto = program.model_proto
    del proto.metadata_props[:]
    for part in (proto.graph, *proto.functions):
        for node in (part, *part.node, *part.value_info):
            del node.metadata_props[:]  # where in the code each is from: paths of this machine
    return proto.SerializeToString(deterministic=True)
