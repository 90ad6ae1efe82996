"""Validated settings of networks and the shape of their data. Imports no torch."""

from models.settings.architectures import (
    ConvS2SSettings,
    GgnnSettings,
    GruSettings,
    LstmEncoderSettings,
    LstmSettings,
    ModelSettings,
    PixelCnnSettings,
    RecurrentSettings,
    RowLstmSettings,
    TransformerSettings,
)
from models.settings.attention import Attention, Backend, Edges, Full, Local1D, Local2D
from models.settings.base import EvenWidth, KernelSize, PositiveFloat, Probability, Settings
from models.settings.choices import (
    Blockwise,
    Categorical,
    ClassAndNextId,
    ClassSoftmax,
    Directions,
    Embeddings,
    GatedSum,
    Laplace,
    LastState,
    LogisticMixture,
    MaxPooling,
    Norm,
    Numerics,
    Output,
    Pooling,
    PositionsAt,
    Readout,
    Residuals,
    SelfAttentive,
    Set2Set,
    Structure,
)
from models.settings.positions import (
    Alibi,
    ConcatenatedSinusoid,
    LabelledEdges,
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
    GraphLayout,
    ImageLayout,
    Layout,
    PassageLayout,
    SequenceLayout,
    VoiceLayout,
)
