import pytest

from faults import memory, table

FLAT = {"pairs": {"20": 300.0, "200": 375.0}, "images": {"10": 100.0, "100": 101.0}}
STEEP = FLAT | {"images": {"100": 126.0, "10": 100.0}}


@pytest.mark.parametrize(
    ("curve", "peaks", "message"),
    [
        ([(0.0, 50.0), (0.2, 100.0), (1.0, 104.9)], FLAT, None),
        ([(0.0, 50.0), (0.2, 100.0), (1.0, 105.2)], FLAT, r"\+5\.2% in a training"),
        ([(0.0, 50.0), (0.2, 100.0), (1.0, 100.0)], STEEP, "126 MiB for 10 times the images of"),
    ],
    ids=["flat", "training", "encoding"],
)
def test_memory_that_grows_is_recorded_and_fails(curve, peaks, message, monkeypatch):
    rows = []
    monkeypatch.setattr(memory, "trained", lambda folder: (9, curve))
    monkeypatch.setattr(memory, "encodings", lambda: peaks)
    monkeypatch.setattr(memory, "record", lambda *row: rows.append(row))
    if message is None:
        memory.main()
    else:
        with pytest.raises(SystemExit, match=f"^error: memory is not flat: .*{message}"):
            memory.main()
    assert rows[0][2]["encoding"] == peaks


def test_the_table_names_the_records_of_each_kind():
    numbers = {"training": {"steps": 12000, "growth after a fifth": 0.002}, "encoding": STEEP}

    assert table.lines([{"what": "memory", "numbers": numbers}]) == [
        ["12,000 training steps", "+0.2% memory"],
        ["200 pairs encoded instead of 20", "375 MiB instead of 300"],
        ["100 images encoded instead of 10", "126 MiB instead of 100"],
    ]
