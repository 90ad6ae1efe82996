from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.config import Params
from pipeline.reporting import page
from pipeline.reporting.failures import failure_of_training
from pipeline.reporting.page import Group
from pipeline.reporting.results import Curve, Result, read_results
from pipeline.settings.training import CheckpointSelection, InverseSquareRoot

FALLING = [(10, 3.0), (20, 2.0), (30, 1.0), (40, 0.5)]


def a_run(scale: Params, start: str = "scratch", **training: object) -> Result:
    result = next(each for each in read_results(scale) if each.name == "image_local_1d")
    run = result.run
    changed = {
        "title": "PixelCNN",
        "start_from": run.start_from.model_copy(update={"run": start}),
        "training": run.training.model_copy(update={"steps": 40} | training),
    }
    return replace(result, run=run.model_copy(update=changed))


def test_a_validation_loss_that_rises_while_the_training_loss_falls_is_overfitting(scale: Params):
    curve = Curve(FALLING, [(20, 2.5), (30, 1.25), (40, 1.6)])

    told = failure_of_training(
        a_run(scale, checkpoint_selection=CheckpointSelection.BEST), curve, "bits per dimension"
    )

    assert told == (
        "PixelCNN: overfitting; the validation loss was lowest, 1.250 bits per dimension, after 30 "
        "of 40 updates and rose to 1.600, while the training loss fell from 1.000 to 0.500. The "
        "weights used are those of the lowest validation loss."
    )


@pytest.mark.parametrize(
    ("train", "last"),
    [
        (FALLING, 1.49),  # within a fifth
        ([(10, 3.0), (30, 1.0), (40, 1.2)], 2.0),  # the training loss rises too
    ],
)
def test_other_curves_are_no_overfitting(scale: Params, train, last: float):
    curve = Curve(train, [(20, 2.5), (30, 1.25), (40, last)])
    assert failure_of_training(a_run(scale), curve, "nats per token") is None


def test_a_loss_that_hardly_falls_is_told_with_the_missing_warm_up(scale: Params):
    flat = Curve(FALLING, [(10, 8.0), (40, 7.5)])

    told = failure_of_training(a_run(scale), flat, "nats per piece")
    assert told == (
        "PixelCNN: hardly trained; 40 updates lowered the validation loss from 8.000 to no less "
        "than 7.500 nats per piece."
    )
    without = InverseSquareRoot(kind="inverse_square_root", warmup_steps=1)
    told = failure_of_training(a_run(scale, schedule=without), flat, "nats per piece")
    assert told.endswith(
        "; it had no warm-up, so its first updates were at the full learning rate."
    )
    assert failure_of_training(a_run(scale), Curve(FALLING, [(10, 8.0), (40, 7.1)]), "") is None


def test_of_a_run_that_starts_from_another_no_fall_is_expected(scale: Params):
    flat = Curve(FALLING, [(10, 1.5), (40, 1.5)])
    assert failure_of_training(a_run(scale, start="image_local_2d"), flat, "nats") is None


def test_a_run_that_several_families_share_is_told_once():
    group = Group("digits", [], [SimpleNamespace(failures=of) for of in (["a"], [], ["a", "b"])])
    assert group.failures == ["a", "b"]


def test_a_run_that_was_never_validated_is_not_judged(scale: Params):
    assert failure_of_training(a_run(scale), Curve(FALLING, []), "nats") is None


def test_the_sentence_stands_below_the_curves_and_nothing_where_nothing_went_wrong(scale: Params):
    assert 'class="failure"' not in page.render(scale)
    rows = [f"{step},0.001,{loss},{loss / 2 if step < 30 else 2.5},0" for step, loss in FALLING]
    path = Path("reports/curves/image_local_1d.csv")
    header = path.read_text(encoding="utf-8").partition("\n")[0]
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")

    html = page.render(scale)

    title = scale.runs["image_local_1d"].title
    (sentence,) = html.split('<p class="failure">')[1:]
    assert sentence.startswith(f"{title}: overfitting; the validation loss was lowest, 1.443")
    after = html.index('class="failure"')
    assert html.index("Learning curves on <code>digits<") < after
    assert after < html.index('id="image-digits-curves-1-training"')
