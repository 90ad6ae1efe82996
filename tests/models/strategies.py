"""Settings of local attention to draw from."""

from hypothesis import strategies as st

from models.settings import Local1D, Local2D

small = st.integers(1, 4)
local_1d = st.builds(
    Local1D, kind=st.just("local_1d"), query_block=st.integers(1, 9), memory_block=st.integers(1, 9)
)
local_2d = st.builds(
    Local2D,
    kind=st.just("local_2d"),
    query_rows=small,
    query_columns=small,
    memory_rows=small,
    memory_columns=small,
)
