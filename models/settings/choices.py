"""Enums and unions of the Transformer's settings."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from models.settings.base import PositiveFloat, Settings


class Structure(StrEnum):
    """What a network reads and predicts."""

    ENCODER_DECODER = "encoder_decoder"  # the next id; the decoder attends to an encoded source
    DECODER = "decoder"  # the next id, without a source; or the class of all that it read
    ENCODER = "encoder"  # of a whole graph a number, of a whole passage its class or masked ids


class Numerics(StrEnum):
    """Arithmetic of a process; see models/shared/numerics.py."""

    REPRODUCIBLE = "reproducible"  # the same bits on every x86-64 processor with AVX2
    NATIVE = "native"  # the fastest of the machine


class Norm(StrEnum):
    """Placement of layer normalisation."""

    POST = "post"  # LayerNorm(x + Sublayer(x)): Vaswani et al. 2017
    PRE = "pre"  # x + Sublayer(LayerNorm(x)): tensor2tensor, Music Transformer


class Residuals(StrEnum):
    """Residual connections around sub-layers."""

    SUM = "sum"  # x + Sublayer(x)
    NONE = "none"  # Sublayer(x): the lecture's experiment


class Embeddings(StrEnum):
    """Weight sharing of embeddings and output projection."""

    TIED = "tied"  # all: Vaswani et al. 2017, section 3.4
    SEPARATE = "separate"  # source, target and output projection each have their own matrix
    CHANNELS = "channels"  # separate, an embedding per colour (Parmar et al. 2018, section 3.1)


class PositionsAt(StrEnum):
    """Where positions are added."""

    INPUT = "input"  # to the embeddings
    EVERY_LAYER = "every_layer"  # to the input of every layer: the lecture's experiment


class Categorical(Settings):
    """A softmax over all outputs; an image has one position per channel of each pixel."""

    kind: Literal["categorical"]


class Blockwise(Settings):
    """A softmax, and proposals of the ids after the next one (Stern et al. 2018)."""

    kind: Literal["blockwise"]
    proposals: Annotated[int, Field(ge=2)]  # k: of the next id and k - 1 after it
    d_hidden: PositiveInt  # width inside the feed-forward layer, for each further proposal


class LogisticMixture(Settings):
    """Mixture of logistics for a pixel, which is one position (Salimans et al. 2017)."""

    kind: Literal["logistic_mixture"]
    mixtures: PositiveInt


class Laplace(Settings):
    """A number under a Laplace distribution of scale 1: -ln p = |y - mu| + ln 2."""

    kind: Literal["laplace"]


class ClassSoftmax(Settings):
    """A softmax over the classes of whole passages."""

    kind: Literal["class"]


class ClassAndNextId(Settings):
    """The same, and in training the next id too (Radford et al. 2018, section 3.2)."""

    kind: Literal["class_and_next_id"]
    weight: PositiveFloat  # lambda, of the mean loss of the next ids of a passage (eq. 5)


Output = Annotated[
    Categorical | Blockwise | LogisticMixture | Laplace | ClassSoftmax | ClassAndNextId,
    Field(discriminator="kind"),
]


class GatedSum(Settings):
    """Sum over nodes of sigmoid(i(h_v^T, h_v^0)) * j(h_v^T) (Gilmer et al. 2017, eq. 4)."""

    kind: Literal["gated_sum"]


class Set2Set(Settings):
    """Repeated attention to the nodes (Vinyals et al. 2016, section 4)."""

    kind: Literal["set2set"]
    steps: PositiveInt  # times that the nodes are attended to


class Directions(StrEnum):
    """Directions in which a recurrent encoder reads."""

    FORWARD = "forward"
    BOTH = "both"  # each with half of the width


class LastState(Settings):
    """The state after the last token, of a second direction that after the first."""

    kind: Literal["last"]


class MaxPooling(Settings):
    """The largest of each feature over the tokens."""

    kind: Literal["max"]


class SelfAttentive(Settings):
    """Weighted means of the tokens' states, one for each hop (Lin et al. 2017, eq. 6)."""

    kind: Literal["self_attentive"]
    hops: PositiveInt  # r
    width: PositiveInt  # d_a, of the hidden layer that weighs the tokens
    penalty: Annotated[float, Field(ge=0.0)]  # of hops that look at the same tokens (eq. 8)


Pooling = Annotated[LastState | MaxPooling | SelfAttentive, Field(discriminator="kind")]

Readout = Annotated[GatedSum | Set2Set, Field(discriminator="kind")]
