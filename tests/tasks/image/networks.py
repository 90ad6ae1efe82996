"""Settings of small networks for images."""

from models.settings import (
    Architecture,
    DataShape,
    Local1D,
    Local2D,
    ModelSettings,
    Norm,
    Sinusoid2D,
)
from tests.models import networks

LOCALITIES = {
    "local_1d": Local1D(kind="local_1d", query_block=4, memory_block=8),
    "local_2d": Local2D(
        kind="local_2d", query_rows=2, query_columns=2, memory_rows=2, memory_columns=2
    ),
}
SHAPE = DataShape(inputs=27, outputs=17, height=4, width=4, channels=1, voices=None, pitches=None)


def settings(locality: Local1D | Local2D) -> ModelSettings:
    """One narrow layer."""
    positions = Sinusoid2D(kind="sinusoid_2d")
    return networks.settings(
        Architecture.DECODER, positions, locality, Norm.PRE, num_layers=1, d_ff=16
    )
