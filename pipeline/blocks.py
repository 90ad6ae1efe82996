"""How many ids the passes of blockwise decoding added, and whether the ids are those of greedy.

The decode stage writes it beside the samples, the evaluate stage makes metrics of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from pipeline.errors import DataError
from pipeline.files import read_json, write_json

FILE = "blocks.json"


class Agreement(StrEnum):
    """Whether a sequence is that of greedy decoding, one id a pass."""

    IDENTICAL = "identical"
    TIE = "tie"  # it is another one where two ids are as likely, but for rounding
    DIFFERENT = "different"


@dataclass(frozen=True)
class Blocks:
    """Of each sequence, the ids that each pass added, and its agreement with greedy decoding.

    No agreements if ids were sampled.
    """

    sizes: Sequence[Sequence[int]]
    agreements: Sequence[Agreement] = ()

    def of(self, sequences: Iterable[int]) -> "Blocks":
        """Return the blocks of these sequences."""
        chosen = list(sequences)
        agreements = [self.agreements[index] for index in chosen] if self.agreements else ()
        return Blocks([self.sizes[index] for index in chosen], agreements)


def write_blocks(samples: Path, blocks: Blocks) -> None:
    """Write the blocks of the sequences of `samples`, for `read_blocks`."""
    write_json(samples / FILE, {"sizes": blocks.sizes, "agreements": blocks.agreements})


def read_blocks(samples: Path) -> Blocks | None:
    """Read the blocks of `samples`; None if each pass added one id. DataError if damaged."""
    path = samples / FILE
    if not path.exists():
        return None
    content = read_json(path)
    try:
        return Blocks(content["sizes"], [Agreement(each) for each in content["agreements"]])
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{path}: no blocks; run the decode stage again") from None


def block_statistics(blocks: Blocks, records: Sequence[int], count: int) -> dict[str, np.ndarray]:
    """Sum the statistics of block_measures.py over the sequences of each record, (record,) each.

    There are `count` records; `records` (sequence,) are those that the sequences belong to, and
    others have 0.
    """
    of_sequence = {
        "block_ids": [sum(sizes) for sizes in blocks.sizes],
        "passes": [len(sizes) for sizes in blocks.sizes],
    }
    if blocks.agreements:
        of_sequence["unlike_greedy"] = [a is Agreement.DIFFERENT for a in blocks.agreements]
        of_sequence["greedy_ties"] = [a is Agreement.TIE for a in blocks.agreements]
    return {
        name: np.bincount(records, weights=values, minlength=count).astype(np.int64)
        for name, values in of_sequence.items()
    }


def one_id_a_pass(names: Iterable[str], count: int) -> dict[str, np.ndarray]:
    """Return those statistics (record,) that are among `names`, without proposals."""
    values = {"block_ids": 1, "passes": 1, "unlike_greedy": 0, "greedy_ties": 0}
    return {name: np.full(count, value) for name, value in values.items() if name in names}
