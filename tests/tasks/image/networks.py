"""Settings of small networks for images."""

from models.settings import Local1D, Local2D, Norm, Structure, TransformerSettings
from tests.models import networks

LOCAL = {
    "local_1d": Local1D(kind="local_1d", query_block=4, memory_block=8),
    "local_2d": Local2D(
        kind="local_2d", query_rows=2, query_columns=2, memory_rows=2, memory_columns=2
    ),
}
SHAPE = networks.images(4, 4, inputs=27, outputs=17)


def settings(attention: Local1D | Local2D) -> TransformerSettings:
    """One narrow layer."""
    sizes = {"num_layers": 1, "d_ff": 16}
    return networks.settings(Structure.DECODER, networks.SINUSOID_2D, attention, Norm.PRE, **sizes)
