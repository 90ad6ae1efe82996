"""Parallel map over batches, in the order of the batches."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import Any, TypeVar

from pipeline.process import prepare

Item = TypeVar("Item")
Batch = TypeVar("Batch")
Result = TypeVar("Result")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut `items` into lists of `size`; the last one may be shorter."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def ordered_map(
    work: Callable[[Batch], Result], batches: Iterable[Batch], workers: int
) -> Iterator[Result]:
    """Yield work(batch) of each batch in turn, from `workers` processes; one is this process.

    `work` is sent to each process once. At most two batches for each worker are in flight, so that
    neither batches nor results pile up in memory.
    """
    if workers == 1:
        yield from map(work, batches)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _receive, (work,)) as pool:
        in_flight: deque[Future] = deque()
        for batch in batches:
            in_flight.append(pool.submit(_apply, batch))
            if len(in_flight) == 2 * workers:
                yield in_flight.popleft().result()
        while in_flight:
            yield in_flight.popleft().result()


_work: Callable[[Any], Any]


def _receive(work: Callable[[Any], Any]) -> None:
    prepare()
    global _work  # noqa: PLW0603 (of a process that does nothing else)
    _work = work


def _apply(batch: Any) -> Any:
    return _work(batch)
