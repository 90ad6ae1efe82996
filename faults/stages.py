"""All runs of params.yaml in one process: python -m faults.stages, in the folder of a scale.

Importing torch takes an emulated processor about as long as everything else.
"""

from importlib import import_module

from models.settings import Numerics
from models.shared.numerics import set_environment
from pipeline import config
from pipeline.process import prepare

if __name__ == "__main__":
    prepare()
    set_environment(Numerics.REPRODUCIBLE)
    params = config.load()
    calls = [("encode", dataset) for dataset in params.datasets]
    calls += [(stage, run) for run in params.runs for stage in ("train", "decode", "evaluate")]
    for stage, *item in [*calls, ("judge",), ("report",)]:
        import_module(f"pipeline.{stage}").main(*item)
        print(stage, *item, flush=True)
