"""The side of a system that is measured beside others: it works in rounds and waits in between."""

import json
import os
import sys
import time
from typing import Any


class Rounds:
    """Tells the `facts` of a system, then how fast it is, round after round."""

    def __init__(self, facts: dict[str, Any], seconds: float) -> None:
        self._seconds = seconds
        self._channel = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what a library prints is no answer
        self._answer(facts)

    def done(self, amount: int) -> None:
        """Count work that is done; after `seconds` of it, tell the rate and wait for a turn."""
        self._amount += amount
        elapsed = time.perf_counter() - self._started
        if elapsed >= self._seconds:
            self._answer(self._amount / elapsed)

    def _answer(self, answer: Any) -> None:
        print(json.dumps(answer), file=self._channel, flush=True)
        if not sys.stdin.readline():
            sys.exit()  # no more rounds
        self._amount, self._started = 0, time.perf_counter()
