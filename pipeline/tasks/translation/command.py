"""Translate sentences, or standard input line by line; on a terminal, prompt for lines.

    translate "Turn on the light."
    translate --run translation_sinusoid < input.txt > output.txt

--engine ctranslate2 searches with CTranslate2 instead of the search of the decode stage: faster, on
the CPU, but it stops earlier and so may miss the best translation; pip install -e ".[ctranslate2]".
With --n-best N, print the N best translations of each line: number ||| translation ||| score.
--attention PAGE.html shows what each head of the network looked at, sentence by sentence.
Without --run, and where no run was trained, the pretrained network of the repository translates; a
run of params.yaml needs runs/<run>/model and data/encoded/<dataset>: run `dvc repro train@<run>` or
`dvc pull` first.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from models.settings import TransformerSettings
from models.shared.numerics import set_environment
from pipeline.console import exit_on_error
from pipeline.errors import ConfigError
from pipeline.explain import explain
from pipeline.process import prepare
from pipeline.tasks.translation.decoding.chosen import read_chosen
from pipeline.tasks.translation.engine import Engine, check_ctranslate2
from pipeline.tasks.translation.settings import Beam, Chosen, Greedy, InBlocks, TranslationRun

GREEDY_METHODS = {"greedy": Greedy, "blockwise": InBlocks}


def main() -> None:
    """Run the command `translate`."""
    options = parse()
    prepare()
    exit_on_error(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Check the options against the run, and translate.

    Raises ConfigError if the run does not translate or an option does not fit.
    """
    from pipeline import config  # here, once the process is prepared
    from pipeline.networks import network_of

    network = network_of("translation", options.run)
    name, settings = network.name, network.run
    if not isinstance(settings, TranslationRun):
        raise ConfigError(f"{config.PARAMS}: runs.{name}.task = {settings.task} does not translate")
    if isinstance(settings.decoding.method, Chosen):
        settings = _with_method(settings, read_chosen(network.samples))
    if options.decoding is not None:
        try:
            settings = with_decoding(settings, options.decoding)
        except ValueError as error:
            raise ConfigError(f"--decoding {options.decoding}, runs.{name}: {error}") from None
    if options.n_best is not None:
        try:
            settings = with_n_best(settings, options.n_best)
        except ValueError as error:
            raise ConfigError(f"{config.PARAMS}: runs.{name}.decoding.method.{error}") from None
    if options.engine == Engine.CTRANSLATE2:
        try:
            check_ctranslate2(settings.model, settings.decoding)
        except ValueError as error:
            raise ConfigError(f"--engine ctranslate2, runs.{name}: {error}") from None
    if options.attention is not None:
        _check_attention(options.attention, name, settings)
    set_environment(settings.training.numerics)
    # Here, because torch takes a second to import.
    from pipeline.tasks.translation.translator import translate_input

    translate_input(options, network, settings)


def _check_attention(page: Path, name: str, run: TranslationRun) -> None:
    """Raise ConfigError if the network has no attention to show, or the page another format."""
    if page.suffix != ".html":
        raise ConfigError(f"--attention {page}: a page; choose a name that ends in .html")
    if not isinstance(run.model, TransformerSettings):
        raise ConfigError(
            f"--attention {page}: runs.{name}.model.architecture = {run.model.architecture} keeps "
            "no attention weights; choose a Transformer"
        )


def with_decoding(run: TranslationRun, kind: str) -> TranslationRun:
    """Return `run` with this greedy method; ValueError if its network has no proposals for it."""
    method = GREEDY_METHODS[kind](kind=kind)
    changed = run.model_dump(mode="json")
    changed["decoding"]["method"] = method.model_dump(mode="json")
    try:
        return TranslationRun.model_validate_json(json.dumps(changed))
    except ValidationError as error:
        raise ValueError(explain(error, changed).removeprefix("the file: ")) from None


def with_n_best(run: TranslationRun, n_best: int) -> TranslationRun:
    """Return `run` with that many hypotheses; ValueError if its method does not find them."""
    method = run.decoding.method
    if not isinstance(method, Beam):
        raise ValueError(
            f"kind = {method.kind} finds one translation; for --n-best use kind = beam"
        )
    if not 1 <= n_best <= method.beam_size:
        raise ValueError(
            f"beam_size = {method.beam_size}, and --n-best {n_best} should be from 1 to that; "
            "choose a wider beam"
        )
    return _with_method(run, method.model_copy(update={"n_best": n_best}))


def _with_method(run: TranslationRun, method: Beam) -> TranslationRun:
    return run.model_copy(update={"decoding": run.decoding.model_copy(update={"method": method})})


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="translate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sentences", nargs="*", metavar="sentence", help="instead of the input")
    parser.add_argument("--run", help="name of a run in params.yaml (the pretrained one)")
    parser.add_argument("--n-best", type=int, metavar="N", help="print the N best, with scores")
    parser.add_argument(
        "--decoding",
        choices=GREEDY_METHODS,
        help="greedy, or blockwise: the same with several tokens a pass (as in params.yaml)",
    )
    parser.add_argument(
        "--attention", type=Path, metavar="PAGE.html", help="page to write: what it looked at"
    )
    engines = [engine.value for engine in Engine]
    parser.add_argument(
        "--engine", choices=engines, default=Engine.OWN.value, help="what searches (own)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
