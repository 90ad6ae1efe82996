import pytest

from pipeline.encoding.records import Skipped
from pipeline.encoding.tally import Tally
from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.held_out import HeldOut
from pipeline.tasks.translation.encoding.read import Pair, Record
from pipeline.tasks.translation.encoding.selection import held_out_pairs, training_pairs


def of(*pairs: Pair, cluster: str = "a") -> Record:
    return Record(cluster, list(pairs))


@pytest.fixture
def held_out() -> HeldOut:
    """Of one sentence."""
    held_out = HeldOut(0.7)
    held_out.add([Pair("the lamp is on", "die Lampe ist an")])
    return held_out


def test_of_equal_training_pairs_the_first_is_kept_and_other_pairs_are_no_duplicates(
    encoding, held_out
):
    pairs = [Pair("ab c", "d"), Pair("ab", "cd"), Pair("ab  c", "d"), Pair("abc", "d")]
    tally = Tally()
    kept = training_pairs([of(pairs[0]), of(*pairs[1:])], tally, encoding, held_out)
    assert list(kept) == [pairs[0], pairs[1], pairs[3]]
    assert tally.dropped == {Reason.TRAIN_REPEATED: 1}
    assert tally.read == 2


def test_each_training_pair_is_dropped_for_the_first_reason(encoding, held_out):
    records = [
        of(Pair("", "leer"), Pair("a b", "a\nb"), Pair("the same text", "the same text")),
        of(Pair("Die Lampe", "the lamp is on"), Pair("The lamp is on!", "anders")),
        Skipped("b", "damaged"),
        of(Pair("name", "name")),
    ]
    tally = Tally()
    kept = list(training_pairs(records, tally, encoding, held_out))
    assert kept == [Pair("name", "name")]
    reasons = (Reason.EMPTY, Reason.SEVERAL_LINES, Reason.UNTRANSLATED)
    expected = dict.fromkeys((*reasons, Reason.HELD_OUT_TARGET, Reason.NEAR_DUPLICATE), 1)
    assert tally.dropped == expected
    assert (tally.read, tally.skipped) == (4, {"damaged": 1})


def test_held_out_pairs_come_with_their_cluster(encoding, held_out):
    records = [
        of(Pair("a red fan", "ein roter Rotor"), Pair("fan", "Rotor"), cluster="fans"),
        of(
            Pair("a  red fan", "ein rotes Rad"),
            Pair("a blue fan", "ein blaues Rad"),
            cluster="wheels",
        ),
    ]
    tally = Tally()
    assert list(held_out_pairs(records, tally, encoding, held_out)) == [
        ("fans", Pair("a red fan", "ein roter Rotor")),
        ("wheels", Pair("a blue fan", "ein blaues Rad")),
    ]
    assert tally.dropped == {Reason.TEST_LENGTH: 1, Reason.TEST_REPEATED: 1}
