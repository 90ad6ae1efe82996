"""Which baselines stand beside a run that paints."""

from pipeline.config import Params
from pipeline.reporting.results import by_dataset, read_results
from pipeline.reporting.scores import tabulate


def test_images_of_one_class_have_a_table_for_each_place_alone(scale: Params):
    images = by_dataset(each for each in read_results(scale) if each.run.task == "image")
    labels = {name: tabulate(on).best_baseline[0] for name, on in images.items()}
    assert labels == {"digits": "Given class and position", "digits_unlabelled": "Given position"}
