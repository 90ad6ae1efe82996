import json

import pytest

from pipeline.errors import DataError
from pipeline.tasks.music.reporting.distributions import read_distributions
from tests.reporting.scale import write_distributions


def test_each_distribution_is_a_chart_of_the_drawn_and_the_real(tmp_path):
    write_distributions(tmp_path)
    charts = read_distributions(tmp_path)
    assert [title for title, _ in charts] == ["Pitch classes", "Durations"]
    assert [line.label for line in charts[0][1].lines] == ["generated", "test pieces"]
    assert charts[0][1].lines[0].path != charts[0][1].lines[1].path


@pytest.mark.parametrize("change", [{"drawn": [0.5]}, {"axes": "?"}])
def test_damaged_distributions_are_named_with_the_remedy(change, tmp_path):
    write_distributions(tmp_path)
    path = tmp_path / "distributions.json"
    content = json.loads(path.read_text())
    content["duration"] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"distributions.json: .*; run `dvc repro evaluate@"):
        read_distributions(tmp_path)
