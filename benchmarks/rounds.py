"""Rounds of work in a system that is measured beside others; between them it waits."""

import json
import os
import sys
import time
from typing import Any


class Rounds:
    """Reports the `facts` of a system, then its rate in each round of at least `seconds`."""

    def __init__(self, facts: dict[str, Any], seconds: float) -> None:
        self._seconds = seconds
        self._channel = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # libraries print to the log, not among the answers
        self._answer(facts)

    def done(self, amount: int) -> None:
        """Count work that is done; at the end of a round, report the rate and wait for the next."""
        self._amount += amount
        elapsed = time.perf_counter() - self._started
        if elapsed >= self._seconds:
            self._answer(self._amount / elapsed)

    def _answer(self, answer: Any) -> None:
        print(json.dumps(answer), file=self._channel, flush=True)
        if not sys.stdin.readline():
            sys.exit()  # no more rounds
        self._amount, self._started = 0, time.perf_counter()
