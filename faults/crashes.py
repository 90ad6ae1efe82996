"""SIGKILL at random moments of every stage of the smoke scale: python -m faults.crashes.

Each kill hits a stage, dvc, or both, at a random moment that follows from SEED and the number of
the kill; after it `make repro` has to end with the files of an undisturbed run. An interrupted
series goes on from the last kill in .work/faults. Writes a row of reports/faults.json at the end.
"""

import argparse
import json
import os
import random
import shutil
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from faults.copies import call, fresh_copy
from faults.kills import Outcome, Target, contents, kill, repro
from faults.rows import record
from pipeline.files import read_json, write_json

SEED = 1
WORK = Path(".work/faults")
CLONE, UNDISTURBED, LOG = WORK / "clone", WORK / "undisturbed.json", WORK / "kills.jsonl"
_ATTEMPTS = 12  # a stage may be much shorter than the repro whose time bounds the first moment
_LONGEST = 20.0  # seconds: the bound for a stage that was not timed yet


def main(kills: int) -> None:
    """Kill until there are `kills` in all; print the table and record the row."""
    os.nice(10)
    if not UNDISTURBED.exists():
        shutil.rmtree(WORK, ignore_errors=True)
        CLONE.mkdir(parents=True)
        call(fresh_copy(CLONE), "dvc", "repro")
        write_json(UNDISTURBED, contents(CLONE))
    repro(CLONE)  # in case this program was interrupted during a kill
    undisturbed = read_json(UNDISTURBED)
    stages = [key.removeprefix("dvc.lock ") for key in undisturbed if key.startswith("dvc.lock ")]
    done = _done()
    for number in range(len(done), kills):
        stage, target = _aim(number, sorted(stages))
        earlier = [one["seconds"] for one in done if one["stage"] == stage]
        longest = earlier[-1] if earlier else _LONGEST
        outcome = _kill_within(number, stage, target, longest, undisturbed)
        done.append({"stage": stage, "target": str(target), **asdict(outcome)})
        with LOG.open("a") as log:
            log.write(json.dumps(done[-1]) + "\n")
        print(number + 1, stage, target, outcome.moment, "well" if outcome.well else outcome)
    numbers = _numbers(done)
    print(table(numbers["kills"]))
    record("crashes", "python -m faults.crashes", numbers)
    if bad := numbers["total"] - numbers["the same files afterwards"]:
        sys.exit(f"error: {bad} of {numbers['total']} kills left something wrong")


def _done() -> list[dict]:
    return [json.loads(line) for line in LOG.read_text().splitlines()] if LOG.exists() else []


def _aim(number: int, stages: list[str]) -> tuple[str, Target]:
    """The stage and the target of a kill: stages in turn, each round with other targets."""
    targets = list(Target)
    round_, index = divmod(number, len(stages))
    return stages[index], targets[(round_ + index) % len(targets)]


def _kill_within(
    number: int, stage: str, target: Target, longest: float, undisturbed: dict[str, str]
) -> Outcome:
    """Kill at a random moment of the stage, which takes at most `longest` seconds."""
    for attempt in range(_ATTEMPTS):
        share = random.Random(f"{SEED} {number} {attempt}").random()
        try:
            return kill(CLONE, stage, target, share * longest, undisturbed)
        except LookupError:
            longest *= 0.6
    raise AssertionError(f"{stage} ended before each of {_ATTEMPTS} kills")


def _numbers(done: list[dict]) -> dict:
    kills: dict[str, dict[str, int]] = {}
    for one in done:
        of_stage = kills.setdefault(one["stage"].partition("@")[0], dict.fromkeys(Target, 0))
        of_stage[one["target"]] += 1
    flaws = ("orphans", "failed", "stale", "different")
    return {
        "kills": kills,
        "moments": dict(Counter(one["moment"] for one in done)),
        "total": len(done),
        "the same files afterwards": sum(not any(one[flaw] for flaw in flaws) for one in done),
        "orphans": sum(len(one["orphans"]) for one in done),
        "stale locks and processes": sum(len(one["stale"]) for one in done),
        "recovered": dict(Counter(_kind(line) for one in done for line in one["recovered"])),
        "seed": SEED,
    }


def _kind(line: str) -> str:
    """What recover says of a file that it removed, without the file's name."""
    return line.partition(": ")[2].removesuffix("; removed")


def table(kills: dict[str, dict[str, int]]) -> str:
    """The numbers of kills by stage and target, in Markdown."""
    lines = [["killed in", *Target], ["---", *["---:"] * len(Target)]]
    lines += [[stage, *(str(of[target]) for target in Target)] for stage, of in kills.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=104)
    main(parser.parse_args().kills)
