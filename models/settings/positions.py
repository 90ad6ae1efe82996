"""Settings of position schemes, which the modules models/positions/<kind>.py implement.

A new scheme is a class here, an entry in the union below, and a module of that name.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from models.settings.base import EvenWidth, PositiveFloat, Settings


class PositionSettings(Settings):
    """Position scheme; d_model and d_head have to be multiples of its divisors."""

    model_divisor: ClassVar[int] = 1
    head_divisor: ClassVar[int] = 1


class InputPositionSettings(PositionSettings):
    """Position scheme that changes the embeddings."""


class RelativePositionSettings(PositionSettings):
    """Position scheme of attention, a function of the distance from query to key."""


class NoPositions(InputPositionSettings):
    """No positions: order only comes from the mask, the recurrence or the convolution."""

    kind: Literal["none"]


class Sinusoid(InputPositionSettings):
    """Fixed sinusoids added to the embeddings (Vaswani et al. 2017, section 3.5)."""

    kind: Literal["sinusoid"]
    model_divisor: ClassVar[int] = 2  # sines and cosines


class Learned(InputPositionSettings):
    """A learned vector per position (Vaswani et al. 2017, table 3, row E)."""

    kind: Literal["learned"]
    max_length: PositiveInt  # a longer sequence is an error


class Sinusoid2D(InputPositionSettings):
    """Sinusoids of row and of column and channel (Parmar et al. 2018, section 3.1)."""

    kind: Literal["sinusoid_2d"]
    model_divisor: ClassVar[int] = 4  # sines and cosines of two axes


class Labels(StrEnum):
    """Labels of positions."""

    NONE = "none"
    VOICES = "voices"  # the voice that comes next: instrument labels of Huang et al. 2018


class ConcatenatedSinusoid(InputPositionSettings):
    """Sinusoids concatenated to the embeddings, not added (Huang et al. 2018, JSB Chorales)."""

    kind: Literal["concatenated_sinusoid"]
    width: EvenWidth  # of the sinusoids, and of the labels
    labels: Labels


class ShawParts(StrEnum):
    """Which of keys and values have relative representations (Shaw et al. 2018, table 4)."""

    KEYS_AND_VALUES = "keys_and_values"
    KEYS = "keys"
    VALUES = "values"


class ShawRelative(RelativePositionSettings):
    """Learned vectors for key and value per clipped distance (Shaw et al. 2018)."""

    kind: Literal["shaw_relative"]
    max_distance: Annotated[int, Field(ge=0)]
    parts: ShawParts


class SkewedRelative(RelativePositionSettings):
    """Learned vectors per distance and head, by skewing (Huang et al. 2018, section 3.4)."""

    kind: Literal["skewed_relative"]
    max_distance: PositiveInt


class RelativePitchTime(RelativePositionSettings):
    """Skewed relative, with vectors for pitch and time too (Huang et al. 2018, JSB Chorales)."""

    kind: Literal["relative_pitch_time"]
    max_distance: PositiveInt
    max_time_distance: PositiveInt  # time steps
    max_pitch_distance: PositiveInt  # semitones


class Rotary(RelativePositionSettings):
    """Rotation of queries and keys by angles proportional to their positions (Su et al. 2021)."""

    kind: Literal["rotary"]
    head_divisor: ClassVar[int] = 2  # components rotate in pairs
    base: PositiveFloat  # of the geometric sequence of angles: 10000 in the paper


class Alibi(RelativePositionSettings):
    """A penalty on the logits that is linear in the distance (Press et al. 2021)."""

    kind: Literal["alibi"]


class LabelledEdges(PositionSettings):
    """Learned vectors for key and value per label and head (Shaw et al. 2018, section 3).

    What relates two nodes of a graph is no distance but the label of their edge.
    """

    kind: Literal["labelled_edges"]


Positions = Annotated[
    NoPositions
    | Sinusoid
    | Sinusoid2D
    | Learned
    | ConcatenatedSinusoid
    | ShawRelative
    | SkewedRelative
    | RelativePitchTime
    | Rotary
    | Alibi
    | LabelledEdges,
    Field(discriminator="kind"),
]
