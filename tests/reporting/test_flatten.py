"""Settings as lines of a table."""

from pipeline.reporting.flatten import flatten


def test_flatten_keeps_order_and_prints_absence():
    value = {
        "b": {"x": None, "a": [1, 2]},
        "a": True,
        "empty": {},
        "big": 12345,
        "twins": [{"a": 1, "of": "x"}, {"a": 2}],
    }
    assert flatten(value) == [
        ("b.x", "none"),
        ("b.a", "1, 2"),
        ("a", "yes"),
        ("empty", "none"),
        ("big", "12,345"),
        ("twins", "a 1 of x; a 2"),
    ]
