from math import log

import numpy as np
import pytest

from pipeline.tasks.music.codec.grid import SILENCE
from pipeline.tasks.music.metrics.baselines import baselines

TRAIN = [np.array([[72, 67, 60, 48], [72, 67, 60, 50]])]
TEST = [np.array([[72, 67, 60, 48], [72, 67, 61, 50], [72, SILENCE, 61, 50]])]


def test_every_baseline_by_hand():
    result = baselines(TRAIN, TEST)
    # Each voice has 2 training tokens, so an id seen n times has probability (n + 1) / 131.
    soprano, alto = [3, 3, 3], [3, 3, 1]
    tenor, bass = [3, 1, 1], [2, 2, 2]
    unigram = -np.mean([log(n / 131) for n in soprano + alto + tenor + bass])
    assert result["unigram_nats"] == pytest.approx(unigram)
    # Each voice saw one pitch after START and one after its first pitch: 2 / 130 if it comes
    # again, 1 / 130 if another comes, and 1 / 129 after a pitch never left in training.
    soprano = [2 / 130, 2 / 130, 2 / 130]
    alto = [2 / 130, 2 / 130, 1 / 130]
    tenor = [2 / 130, 1 / 130, 1 / 129]
    bass = [2 / 130, 2 / 130, 1 / 129]
    bigram = -np.mean(np.log(soprano + alto + tenor + bass))
    assert result["bigram_nats"] == pytest.approx(bigram)
    # Held: soprano twice, alto once (then it rests), tenor once, bass once, of 12 tokens.
    assert result["hold_accuracy"] == pytest.approx(5 / 12)
    # Onsets: four in the first chord, tenor's 61 and bass's 50; the guesses are 72, 67, 60 and,
    # of bass's 48 and 50 that are as frequent, the lower.
    assert result["onset_accuracy"] == pytest.approx(4 / 6)


def test_previous_pitches_do_not_reach_over_the_end_of_a_piece():
    joined = baselines(TRAIN, [np.concatenate(TEST + TEST)])
    apart = baselines(TRAIN, TEST + TEST)
    assert apart["hold_accuracy"] == baselines(TRAIN, TEST)["hold_accuracy"]
    assert joined["hold_accuracy"] != apart["hold_accuracy"]
    assert joined["bigram_nats"] != apart["bigram_nats"]
