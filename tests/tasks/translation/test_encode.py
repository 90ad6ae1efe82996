import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.corpus import SPLITS, all_tests, read_clusters, read_sequences
from pipeline.errors import ConfigError, DataError
from pipeline.files import write_json
from pipeline.settings.base import Splits
from pipeline.tasks.translation.codec import Codec
from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.encode import _codec_text, encode
from pipeline.tasks.translation.encoding.text import FIELDS, read_lines, text_path
from pipeline.tasks.translation.settings import LetterCase, TranslationReader

NOUNS = ["lamp", "fan", "pump", "door", "light", "alarm", "clock", "stove", "radio", "mower"]
DEVICES = [f"{first}{second}" for first in NOUNS for second in NOUNS]


def catalogues() -> dict:
    """Ten integrations: sentences and a name of their own, and one sentence that all share."""
    made = {}
    for index, noun in enumerate(NOUNS):
        own = DEVICES[10 * index : 10 * index + 10]
        english = {name: f"{name} {noun} was {noun}ed" for name in own}
        german = {name: f"{name}e {noun} ist ge{noun}t" for name in own}
        english |= {"name": noun.title(), "shared": "Device is already configured"}
        german |= {"name": f"{noun}er", "shared": "Gerät ist schon eingerichtet"}
        made[f"i_{noun}"] = (english, german)
    return made


def pairs(encoded, split) -> list[tuple[str, str]]:
    texts = (read_lines(text_path(encoded, split, field)) for field in FIELDS)
    return list(zip(*texts, strict=True))


@pytest.fixture
def encoded(tmp_path):
    path = tmp_path / "encoded"
    path.mkdir()
    return path


def test_integrations_lie_in_one_split_and_nothing_leaks(write_wheel, encoding, encoded):
    made = catalogues()
    manifest = encode(write_wheel(made), encoded, encoding)
    assert {s: manifest["splits"][s]["groups"] for s in SPLITS} == {
        "train": 5,
        "validation": 2,
        "test": 3,
    }
    home = {text: name for name, (english, _) in made.items() for text in english.values()}
    shared = "Device is already configured"
    integrations = {s: {home[a] for a, _ in pairs(encoded, s) if a != shared} for s in SPLITS}
    assert [len(integrations[s]) for s in SPLITS] == [5, 2, 3]
    assert len(set.union(*integrations.values())) == 10
    assert [sum(a == shared for a, _ in pairs(encoded, s)) for s in SPLITS] == [0, 0, 1]
    assert any(len(a.split()) == 1 for a, _ in pairs(encoded, "train"))  # names train ...
    for split in ("validation", "test"):  # ... but do not test
        assert all(len(a.split()) >= 3 for a, _ in pairs(encoded, split))


def test_the_cluster_of_a_held_out_sentence_is_its_integration(write_wheel, encoding, encoded):
    made = catalogues()
    encode(write_wheel(made), encoded, encoding)
    for split, integrations in (("validation", 2), ("test", 3)):
        clusters = read_clusters(encoded, split)
        assert len(set(clusters)) == integrations
        for cluster, (source, target) in zip(clusters, pairs(encoded, split), strict=True):
            english, german = made[cluster.removeprefix("homeassistant/components/")]
            assert source in english.values() and target in german.values()
    assert not (encoded / "train.clusters.txt").exists()


def test_the_cluster_of_a_row_is_its_number(benchmark_raw, benchmark, encoded):
    short, long = ("two words", "zwei Worte"), ("word " * 13, "Wort")
    write_split(benchmark_raw, "test_2017", [short, long, short])
    write_split(benchmark_raw, "test", [long, short])
    manifest = encode(benchmark_raw, encoded, benchmark)
    assert read_clusters(encoded, "validation") == ["0", "1"]
    assert read_clusters(encoded, "test") == ["1"]
    assert read_clusters(encoded, "test_2017") == ["0", "2"]
    assert manifest["dropped"][Reason.TOO_LONG] == 2


def test_every_pair_is_kept_or_counted_once(write_wheel, encoding, encoded):
    made = catalogues()
    english, german = made["i_lamp"]
    english |= {"x": "", "y": "two\nlines", "z": "word " * 13, "w": "left as it is"}
    german |= {"x": "leer", "y": "zwei", "z": "Wort", "w": "left as it is"}
    manifest = encode(write_wheel(made), encoded, encoding)
    dropped = manifest["dropped"]
    assert set(dropped) == set(Reason)
    kept = sum(manifest["splits"][split]["records"] for split in SPLITS)
    assert kept + sum(dropped.values()) == sum(len(e) for e, _ in made.values())
    for reason in (Reason.EMPTY, Reason.SEVERAL_LINES, Reason.TOO_LONG, Reason.UNTRANSLATED):
        assert dropped[reason] == 1
    assert dropped[Reason.TEST_LENGTH] == 5  # the names of the held-out integrations
    assert dropped[Reason.TEST_REPEATED] == 2  # the shared sentence, in each of three
    assert dropped[Reason.HELD_OUT_SOURCE] == 7
    assert manifest["records_read"] == 10 and manifest["skipped"] == []


def test_a_pair_of_unequal_lengths_does_not_train(benchmark_raw, benchmark, encoded):
    """The benchmark's test set keeps its pair of 5 and 2 words."""
    rows = [(f"pump {n} is on", f"Pumpe {n}") for n in range(4)] + [("one two three", "eins zwei")]
    write_split(benchmark_raw, "train", rows)
    manifest = encode(
        benchmark_raw,
        encoded,
        benchmark.model_copy(update={"max_length_ratio": 1.5, "vocabulary_size": 290}),
    )
    assert pairs(encoded, "train") == [("one two three", "eins zwei")]
    assert manifest["dropped"][Reason.UNEQUAL] == 4
    assert manifest["splits"]["test"]["records"] == 3


def test_workers_write_the_same_bytes(benchmark_raw, benchmark, tmp_path, monkeypatch):
    for module in ("encode", "selection"):
        monkeypatch.setattr(f"pipeline.tasks.translation.encoding.{module}._BATCH", 7)
    contents = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        settings = benchmark.model_copy(update={"workers": workers, "max_skipped": 0.1})
        manifest = encode(benchmark_raw, folder, settings)
        contents.append(({p.name: p.read_bytes() for p in folder.iterdir()}, manifest))
    assert contents[0] == contents[1]
    assert contents[0][1]["dropped"][Reason.TRAIN_REPEATED] == 3


def test_a_lower_cased_network_reads_small_letters_of_text_that_is_kept(
    benchmark_raw, benchmark, encoded
):
    encode(benchmark_raw, encoded, benchmark.model_copy(update={"letter_case": LetterCase.LOWER}))
    pieces, texts = Codec.load(encoded), list(read_lines(text_path(encoded, "train", "target")))
    ids = read_sequences(encoded, "train", "target")
    assert [pieces.decode(ids[row]) for row in range(len(ids))] == [text.lower() for text in texts]
    assert any(text != text.lower() for text in texts)
    assert not any(piece != piece.lower() for piece in pieces.vocabulary()[4 + 256 :])


@pytest.mark.parametrize("wanted", [1, 40, 104, 1000])
def test_the_pieces_are_learned_from_so_many_sentences(benchmark_raw, benchmark, encoded, wanted):
    encode(benchmark_raw, encoded, benchmark)
    everything = [
        line for field in FIELDS for line in read_lines(text_path(encoded, "train", field))
    ]
    drawn, again, other = (
        list(_codec_text(encoded, benchmark.model_copy(update=settings)))
        for settings in (
            {"vocabulary_sentences": wanted},
            {"vocabulary_sentences": wanted},
            {"vocabulary_sentences": wanted, "vocabulary_seed": 2},
        )
    )
    assert len(drawn) == min(wanted, len(everything)) and drawn == again
    left = iter(everything)
    assert all(line in left for line in drawn)  # in their order
    assert (drawn != other) == (wanted < len(everything))


def test_placeholders_train_but_do_not_test(write_wheel, encoding, encoded):
    made = {
        name: (
            english | {"p": f"{name} has {{value}} left"},
            german | {"p": f"{name} hat noch {{value}}"},
        )
        for name, (english, german) in catalogues().items()
    }
    manifest = encode(write_wheel(made), encoded, encoding)
    assert sum("{value}" in a for a, _ in pairs(encoded, "train")) == 5
    assert manifest["dropped"][Reason.TO_COPY] == 5


def test_ids_are_those_of_the_text(write_wheel, encoding, encoded):
    manifest = encode(write_wheel(catalogues()), encoded, encoding)
    pieces = Codec.load(encoded)
    assert manifest["shape"] == {
        "inputs": 330,
        "outputs": 330,
        "layout": {"kind": "sequence"},
    }
    for split in SPLITS:
        counts = manifest["splits"][split]
        for field in FIELDS:
            sequences = read_sequences(encoded, split, field)
            assert sequences[0].dtype == np.uint16
            lines = list(read_lines(text_path(encoded, split, field)))
            assert [pieces.decode(ids) for ids in sequences] == lines
            assert counts["records"] == len(sequences) == len(lines)
            assert counts[f"{field}_tokens"] == sequences.lengths.sum()
        assert counts["tokens"] == counts["source_tokens"] + counts["target_tokens"]


def test_bytes_are_the_same_on_every_run_and_other_with_another_seed(
    write_wheel, encoding, tmp_path
):
    raw = write_wheel(catalogues())
    other = encoding.model_copy(update={"splits": Splits(validation=0.2, test=0.3, seed=2)})
    contents = []
    for number, settings in enumerate((encoding, encoding, other)):
        folder = tmp_path / str(number) / ("x" * number)
        folder.mkdir(parents=True)
        manifest = encode(raw, folder, settings)
        contents.append(({p.name: p.read_bytes() for p in folder.iterdir()}, manifest))
    assert contents[0] == contents[1]
    assert contents[0][0]["test.source.txt"] != contents[2][0]["test.source.txt"]


def test_unreadable_integrations_are_listed_up_to_the_limit(write_wheel, encoding, tmp_path):
    raw = write_wheel({**catalogues(), "broken": ("{", {})})
    with pytest.raises(DataError, match=r"1 of 11 records.*max_skipped = 0\.09.*components/broken"):
        first = tmp_path / "first"
        first.mkdir()
        encode(raw, first, encoding.model_copy(update={"max_skipped": 0.09}))
    second = tmp_path / "second"
    second.mkdir()
    manifest = encode(raw, second, encoding.model_copy(update={"max_skipped": 0.1}))
    (skipped,) = manifest["skipped"]
    assert skipped["record"] == "homeassistant/components/broken"
    assert manifest["skipped_records"] == 1 and manifest["records_read"] == 11


def test_a_split_without_pairs_is_an_error(write_wheel, encoding, encoded):
    raw = write_wheel(catalogues())
    none = encoding.model_copy(update={"splits": Splits(validation=0.2, test=0.01, seed=1)})
    with pytest.raises(DataError, match="split 'test' is empty"):
        encode(raw, encoded, none)


def test_splits_have_to_agree_with_the_data(write_wheel, encoding, encoded, benchmark_raw):
    with pytest.raises(ConfigError, match="does not come split"):
        encode(write_wheel(catalogues()), encoded, encoding.model_copy(update={"splits": None}))
    columns = {"reader": TranslationReader.PARALLEL_COLUMNS}
    with pytest.raises(ConfigError, match="comes split"):
        encode(benchmark_raw, encoded, encoding.model_copy(update=columns))


@pytest.fixture
def benchmark_raw(tmp_path):
    """A data set that comes split, with a repeated, a marked-up and an untranslated test pair."""
    raw = tmp_path / "benchmark"
    raw.mkdir()
    train = [(f"the {noun} number {n}", f"{noun} Nummer {n}") for noun in NOUNS for n in range(5)]
    train += [("a small {x} dog", "ein kleiner {x} Hund"), ("new words here", "ein alter Hut")]
    rows = {
        "validation": [("an old hat", "ein alter Hut"), ("left as is", "left as is")],
        "test": [("a small {x} dog", "ein {x}")] * 2 + [("left as is", "left as is")],
        "train": train + train[:3],
    }
    for split, each in rows.items():
        write_split(raw, split, each)
    return raw


def write_split(raw, split, rows) -> None:
    english, german = zip(*rows, strict=True)
    pq.write_table(pa.table({"en": english, "de": german}), raw / f"{split}.parquet")


@pytest.fixture
def benchmark(encoding):
    """The settings of a data set that comes split."""
    settings = {"splits": None, "min_test_words": 1, "vocabulary_size": 310}
    columns = {"reader": TranslationReader.PARALLEL_COLUMNS}
    return encoding.model_copy(update=settings | columns)


def test_benchmarks_keep_their_test_sets_whole_and_training_does_not_leak(
    benchmark_raw, benchmark, encoded
):
    manifest = encode(benchmark_raw, encoded, benchmark)
    assert [manifest["splits"][split]["records"] for split in SPLITS] == [50, 2, 3]
    assert pairs(encoded, "test")[0] == ("a small {x} dog", "ein {x}")
    assert manifest["dropped"][Reason.HELD_OUT_SOURCE] == 1  # of test
    assert manifest["dropped"][Reason.HELD_OUT_TARGET] == 1  # of validation
    assert manifest["dropped"][Reason.TRAIN_REPEATED] == 3


def test_training_leaks_into_no_test_set(benchmark_raw, benchmark, encoded):
    write_split(benchmark_raw, "test_2017", [("the lamp number 3", "anders"), ("left as is", "x")])
    manifest = encode(benchmark_raw, encoded, benchmark)
    counts = {split: facts["records"] for split, facts in manifest["splits"].items()}
    assert counts == {"train": 49, "validation": 2, "test": 3, "test_2017": 2}
    assert pairs(encoded, "test_2017")[0] == ("the lamp number 3", "anders")
    write_json(encoded / "manifest.json", manifest)
    assert all_tests(encoded) == ["test", "test_2017"]
