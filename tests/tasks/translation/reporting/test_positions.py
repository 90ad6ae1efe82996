"""What the page shows of positions in each layer."""

import pytest

from pipeline import config
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting import page
from pipeline.reporting.results import finished, read_results
from pipeline.tasks.translation.reporting.positions import Layer, read_positions
from tests.reporting.scale import ROOT


def test_the_layers_of_each_translator_are_read_in_their_order(scale: Params):
    results = read_results(scale)
    measured = results[0].metrics["positions"]
    measured["layer_10"] = measured["layer_1"] | {"probe_r2": 0.1}
    measured["layer_2"] = measured["layer_1"] | {"probe_r2": 0.2}
    positions = read_positions(results)
    assert {each.result.run.task for each in positions.runs} == {"translation"}
    assert positions.runs[0].layers == [
        Layer(0.871, None),
        Layer(0.742, 0.413),
        Layer(0.2, 0.413),
        Layer(0.1, 0.413),
    ]
    assert (positions.depth, positions.runs[0].chance) == (3, 0.219)


def test_without_translators_there_is_nothing_to_read(scale: Params):
    of_music = [each for each in read_results(scale) if each.run.task == "music"]
    assert read_positions(of_music) is None


def test_the_page_shows_them(scale: Params):
    section = (
        page.render(scale).partition("Can a token’s position be read")[2].partition("</table>")[0]
    )
    assert '<span class="value">0.74</span>' in section
    assert '<span class="interval">0.41</span>' in section
    assert '<span class="interval">0.219</span>' in section
    assert "<code>translation_sinusoid</code>" in section


def test_each_run_has_the_chance_of_its_own_sentences(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT / "paper")
    params, _ = finished(config.load())
    positions = read_positions(read_results(params))
    chances = {each.result.name: each.chance for each in positions.runs}
    assert chances["tatoeba_tiny"] == 0.283138
    assert chances["multi30k_lowercase_relative"] == 0.226275
    section = (
        page.render(params).partition("Can a token’s position be read")[2].partition("</table>")[0]
    )
    row = section.partition("<code>tatoeba_tiny</code>")[2].partition("</tr>")[0]
    assert '<span class="interval">0.283</span>' in row and "0.226" not in row


def test_what_is_no_number_is_named(scale: Params):
    results = read_results(scale)
    results[0].metrics["positions"]["layer_1"]["near_diagonal"] = "much"
    with pytest.raises(DataError, match=r"translation\.positions\.layer_1\.near_diagonal = 'much'"):
        read_positions(results)
