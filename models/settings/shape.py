"""Shape of the encoded data, from the data set's manifest: vocabulary sizes and layout."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from models.settings.base import Settings


class SequenceLayout(Settings):
    """Sequence of ids without further structure."""

    kind: Literal["sequence"] = "sequence"


class ImageLayout(Settings):
    """Intensities of an image in raster order, the channels of a pixel consecutive."""

    kind: Literal["image"] = "image"
    height: PositiveInt  # pixels
    width: PositiveInt  # pixels
    channels: PositiveInt


class VoiceLayout(Settings):
    """Voices on a grid of time steps: one initial id, then `voices` ids per time step."""

    kind: Literal["voices"] = "voices"
    voices: PositiveInt
    pitches: PositiveInt  # smaller ids are MIDI pitches


class PassageLayout(Settings):
    """Sequence of ids that is of one class as a whole."""

    kind: Literal["passage"] = "passage"
    classes: Annotated[int, Field(ge=2)]


class GraphLayout(Settings):
    """Nodes without an order, and a label for the edge between any two, in either direction."""

    kind: Literal["graph"] = "graph"
    labels: PositiveInt  # of edges; 0 is padding


Layout = Annotated[
    SequenceLayout | ImageLayout | VoiceLayout | PassageLayout | GraphLayout,
    Field(discriminator="kind"),
]


class DataShape(Settings):
    """Vocabulary sizes of inputs and outputs, and layout of a sequence.

    Outputs are the ids below `outputs`; larger ids are conditions (a class, the start of a piece),
    which are never predicted. Inputs of a graph are ids of nodes, and its only output is a number.
    """

    inputs: PositiveInt
    outputs: PositiveInt
    layout: Layout
