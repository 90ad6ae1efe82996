"""Settings of small networks for images."""

from models.settings import (
    Architecture,
    Backend,
    DataShape,
    Local1D,
    Local2D,
    ModelSettings,
    Norm,
    Sinusoid2D,
)

LOCALITIES = {
    "local_1d": Local1D(kind="local_1d", query_block=4, memory_block=8),
    "local_2d": Local2D(
        kind="local_2d", query_rows=2, query_columns=2, memory_rows=2, memory_columns=2
    ),
}
SHAPE = DataShape(inputs=27, outputs=17, height=4, width=4)


def settings(locality: Local1D | Local2D) -> ModelSettings:
    """One narrow layer."""
    return ModelSettings(
        architecture=Architecture.DECODER,
        num_layers=1,
        d_model=8,
        num_heads=2,
        d_ff=16,
        norm=Norm.PRE,
        positions=Sinusoid2D(kind="sinusoid_2d"),
        locality=locality,
        backend=Backend.DENSE,
        dropout=0.0,
        attention_dropout=0.0,
    )
