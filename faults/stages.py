"""Parts of a scale in one process: python -m faults.stages NAME..., in the folder of the scale.

A part is a data set, a run, or RESULTS, what is made of all runs; each that is finished is printed
with its seconds of processor time. On an emulated processor importing torch takes as long as a run,
and parsing params.yaml seconds: both are done once. What the stages print goes to LOG.
"""

import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from time import process_time

from models.settings import Numerics
from models.shared.numerics import set_environment
from pipeline import config
from pipeline.process import prepare

RESULTS = "results"
LOG = Path("stages.log")


def main(names: list[str]) -> None:
    """Run the stages of the parts `names`, in this order."""
    prepare()
    set_environment(Numerics.REPRODUCIBLE)
    params = config.load()
    config.load = lambda: params
    # The page of each processor would show the rows that faults.processors had written until then.
    import_module("pipeline.reporting.page").read_faults = list
    for name in names:
        began = process_time()
        with LOG.open("a") as log, redirect_stdout(log), redirect_stderr(log):
            for stage, *arguments in calls(name, params):
                import_module(f"pipeline.{stage}").main(*arguments)
        print(name, f"{process_time() - began:.1f}", flush=True)


def calls(name: str, params: config.Params) -> Iterator[tuple[str, ...]]:
    """Yield the stages of a part, each with its arguments."""
    if name == RESULTS:
        yield from (("judge",), ("report",))
    elif name in params.datasets:
        yield "encode", name
    else:
        yield from ((stage, name) for stage in ("train", "decode", "evaluate"))


if __name__ == "__main__":
    main(sys.argv[1:])
