"""Validated settings of networks and the shape of their data. Imports no torch."""

from models.settings.architectures import (
    ConvS2SSettings,
    LstmSettings,
    ModelSettings,
    PixelCnnSettings,
    TransformerSettings,
)
from models.settings.attention import Attention, Backend, Full, Local1D, Local2D
from models.settings.base import EvenWidth, KernelSize, PositiveFloat, Probability, Settings
from models.settings.choices import (
    Categorical,
    Embeddings,
    LogisticMixture,
    Norm,
    Numerics,
    Output,
    PositionsAt,
    Residuals,
    Structure,
)
from models.settings.positions import (
    Alibi,
    ConcatenatedSinusoid,
    Labels,
    Learned,
    NoPositions,
    Positions,
    RelativePitchTime,
    Rotary,
    ShawParts,
    ShawRelative,
    Sinusoid,
    Sinusoid2D,
    SkewedRelative,
)
from models.settings.shape import (
    DataShape,
    ImageLayout,
    Layout,
    SequenceLayout,
    VoiceLayout,
)
