import pytest

from pipeline.tasks.translation.encoding.sentences import sentence_pairs


def test_both_are_cut_into_as_many_sentences():
    assert sentence_pairs("One. Two! Three?", "Eins. Zwei! Drei?") == [
        ("One.", "Eins."),
        ("Two!", "Zwei!"),
        ("Three?", "Drei?"),
    ]


def test_paragraphs_of_unequal_numbers_of_sentences_stay_whole():
    pair = ("Select it and then release.", "Wählen Sie es aus. Lassen Sie dann los.")
    assert sentence_pairs(*pair) == [pair]
    assert sentence_pairs(*reversed(pair)) == [tuple(reversed(pair))]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Open it. “Über” opens.  (Or not.", ["Open it.", "“Über” opens.", "(Or not."]),
        ("Der 4. Parameter. Dann.", ["Der 4. Parameter.", "Dann."]),
        ("Etwa z. B. Zahlen in Version 7.4.", None),
        ("Click it. then release", None),
        ("A note: Take care, Anna", None),
        ("A tip.Click it", None),
        ("", None),
    ],
)
def test_where_a_sentence_ends(text, sentences):
    assert [source for source, _ in sentence_pairs(text, text)] == (sentences or [text])
