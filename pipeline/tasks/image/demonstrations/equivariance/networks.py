"""Untrained networks with different position schemes."""

import torch
from torch import Tensor

from models.build import build
from models.settings import (
    Attention,
    Backend,
    Categorical,
    DataShape,
    Embeddings,
    Full,
    ImageLayout,
    Learned,
    Local2D,
    ModelSettings,
    NoPositions,
    Norm,
    PixelCnnSettings,
    Positions,
    PositionsAt,
    Residuals,
    ShawParts,
    ShawRelative,
    Sinusoid,
    Sinusoid2D,
    SkewedRelative,
    Structure,
    TransformerSettings,
)
from models.shared.base import AutoregressiveModel
from models.shared.order import generation_order
from pipeline.tasks.image.demonstrations.equivariance.shifts import Network

IDS = 257  # padding and 256 intensities
BLOCK = 2  # rows and columns of a block of local attention
MARGIN = 8  # positions around a pixel that affect its features, a multiple of BLOCK
_LAYERS, _WIDTH, _HEADS = 2, 32, 4


def networks(canvas: tuple[int, int], seed: int) -> dict[str, Network]:
    """Build networks with random float64 weights for a canvas (height, width), by position scheme.

    The Transformers are encoders with full attention; relative distances count pixels in raster
    order. `convolution` is a gated PixelCNN. A canvas of several rows adds decoders with local 2-D
    attention, without and with positions.
    """
    layout = ImageLayout(height=canvas[0], width=canvas[1], channels=1)
    shape = DataShape(inputs=IDS, outputs=IDS, layout=layout)
    none, length = NoPositions(kind="none"), canvas[0] * canvas[1]
    sinusoid = Sinusoid2D(kind="sinusoid_2d") if canvas[0] > 1 else Sinusoid(kind="sinusoid")
    by_name = {
        "none": _encoder(none, shape, seed),
        "sinusoid": _encoder(sinusoid, shape, seed),
        "learned": _encoder(Learned(kind="learned", max_length=length), shape, seed),
        "shaw_relative": _encoder(
            ShawRelative(
                kind="shaw_relative",
                max_distance=length,
                parts=ShawParts.KEYS_AND_VALUES,
            ),
            shape,
            seed,
        ),
        "skewed_relative": _encoder(
            SkewedRelative(kind="skewed_relative", max_distance=length), shape, seed
        ),
        "convolution": _generator(_pixelcnn(), shape, seed),
    }
    if canvas[0] > 1:
        local = Local2D(
            kind="local_2d",
            query_rows=BLOCK,
            query_columns=BLOCK,
            memory_rows=BLOCK,
            memory_columns=BLOCK,
        )
        decoder = Structure.DECODER
        by_name["local_none"] = _generator(_transformer(decoder, none, local), shape, seed)
        by_name["local_sinusoid"] = _generator(_transformer(decoder, sinusoid, local), shape, seed)
    return by_name


def _encoder(positions: Positions, shape: DataShape, seed: int) -> Network:
    """Map pixels to the output of the last encoder layer of a Transformer; padding is masked."""
    full = Full(kind="full", backend=Backend.DENSE)
    settings = _transformer(Structure.ENCODER_DECODER, positions, full)
    model = _random(settings, shape, seed)

    def features(ids: Tensor) -> Tensor:
        states = model.internals(torch.zeros(1, 1, dtype=torch.long), ids.view(1, -1))
        return states.encoder_states[-1].view(*ids.shape, -1)

    return features


def _generator(settings: ModelSettings, shape: DataShape, seed: int) -> Network:
    """Map pixels to the hidden states that predict them from the pixels generated before."""
    model = _random(settings, shape, seed)
    order = torch.tensor(generation_order(settings, shape.layout))

    def features(ids: Tensor) -> Tensor:
        pixels = ids.flatten()[order]
        inputs = torch.cat((torch.tensor([IDS - 1]), pixels[:-1]))
        with torch.no_grad():
            hidden = model(inputs[None])[0]
        return hidden[order.argsort()].view(*ids.shape, -1)

    return features


def _random(settings: ModelSettings, shape: DataShape, seed: int) -> AutoregressiveModel:
    torch.manual_seed(seed)
    return build(settings, shape).double().eval()


def _transformer(
    structure: Structure, positions: Positions, attention: Attention
) -> TransformerSettings:
    return TransformerSettings(
        architecture="transformer",
        structure=structure,
        num_layers=_LAYERS,
        d_model=_WIDTH,
        num_heads=_HEADS,
        d_ff=4 * _WIDTH,
        norm=Norm.PRE,
        residuals=Residuals.SUM,
        embeddings=Embeddings.SEPARATE,
        positions=positions,
        positions_at=PositionsAt.INPUT,
        attention=attention,
        output=Categorical(kind="categorical"),
        super_resolution=None,
        dropout=0.0,
        embedding_dropout=0.0,
        attention_dropout=0.0,
        relu_dropout=0.0,
    )


def _pixelcnn() -> PixelCnnSettings:
    return PixelCnnSettings(
        architecture="pixelcnn",
        num_layers=_LAYERS,
        d_model=_WIDTH,
        first_kernel_size=7,
        kernel_size=3,
        positions=NoPositions(kind="none"),
        dropout=0.0,
    )
