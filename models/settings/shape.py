"""What the encoded data decides about a network; read from the data set's manifest."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from models.settings.base import Settings


class SequenceLayout(Settings):
    """Ids in a row, with no further structure."""

    kind: Literal["sequence"] = "sequence"


class ImageLayout(Settings):
    """The intensities of an image in raster order, the channels of a pixel side by side."""

    kind: Literal["image"] = "image"
    height: PositiveInt  # pixels
    width: PositiveInt  # pixels
    channels: PositiveInt


class VoiceLayout(Settings):
    """Voices on a grid of time steps: after a first id, `voices` ids for each time step."""

    kind: Literal["voices"] = "voices"
    voices: PositiveInt
    pitches: PositiveInt  # the ids below are MIDI pitches


Layout = Annotated[SequenceLayout | ImageLayout | VoiceLayout, Field(discriminator="kind")]


class DataShape(Settings):
    """The vocabulary sizes of input and output, and the layout of a sequence.

    An id that is only ever a condition (a class, the start of a piece) is an input but never an
    output; all outputs come first.
    """

    inputs: PositiveInt
    outputs: PositiveInt
    layout: Layout
