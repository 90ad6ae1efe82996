"""Settings of attention patterns."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from models.settings.base import Settings


class Backend(StrEnum):
    """How full attention is computed."""

    DENSE = "dense"  # all weights (query, key) at once
    BLOCKWISE = "blockwise"  # one block of queries at a time, recomputed in the backward pass


class Full(Settings):
    """Every position attends to every other, in a decoder to every earlier one."""

    kind: Literal["full"]
    backend: Backend


class Local1D(Settings):
    """A query block attends to itself and to the memory block before it (Parmar et al. 2018)."""

    kind: Literal["local_1d"]
    query_block: PositiveInt
    memory_block: PositiveInt


class Local2D(Settings):
    """Rectangular query blocks; memory extends above and to both sides (Parmar et al. 2018)."""

    kind: Literal["local_2d"]
    query_rows: PositiveInt
    query_columns: PositiveInt
    memory_rows: PositiveInt  # rows above the query block
    memory_columns: PositiveInt  # columns on either side of it


class Edges(Settings):
    """A node attends along its edges with one of these labels; without any, to itself alone."""

    kind: Literal["edges"]
    labels: Annotated[list[PositiveInt], Field(min_length=1)]


Attention = Annotated[Full | Local1D | Local2D | Edges, Field(discriminator="kind")]
