from types import SimpleNamespace

import pytest

from benchmarks import numerics
from benchmarks.comparison import variables
from benchmarks.rows import KEYS
from models.settings import Numerics
from models.shared.numerics import ENVIRONMENT

REPRODUCIBLE, NATIVE = Numerics.REPRODUCIBLE, Numerics.NATIVE
SYSTEMS = {
    REPRODUCIBLE: SimpleNamespace(rates=[4.0, 5.0, 2.0], facts={"operations": 7}),
    NATIVE: SimpleNamespace(rates=[8.0, 5.0, 5.0], facts={"operations": 3e9}),
    numerics.PEAK: SimpleNamespace(rates=[60e9, 50e9, 30e9], facts={}),
}


def test_the_ratio_is_the_median_over_rounds():
    row = numerics._row("a", SYSTEMS)
    assert row.keys() == KEYS
    assert (row["ours"], row["peer"], row["ratio"]) == (1 / 4, 1 / 5, 4 / 8)


@pytest.mark.parametrize(("kind", "share"), [(REPRODUCIBLE, 0.2), (NATIVE, 0.4)])
def test_the_share_of_the_peak_is_of_the_operations_counted_with_native_numerics(kind, share):
    row = numerics._share("a", kind, SYSTEMS)
    assert row.keys() == KEYS
    assert row["ours"] == pytest.approx(share)


def test_only_reproducible_numerics_have_variables():
    assert variables(NATIVE) == {}
    found = variables(REPRODUCIBLE)
    assert found.keys() == ENVIRONMENT.keys()
    assert all(found[name] in values for name, values in ENVIRONMENT.items())
