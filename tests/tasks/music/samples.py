"""What the tests of sampled pieces share."""

from pathlib import Path

import numpy as np

from pipeline.files import write_json
from pipeline.tasks.music.codec import FURTHER, FURTHER_IDS


def write_no_further(samples: Path) -> None:
    """All sampled pieces are shown."""
    write_json(samples / FURTHER, [])
    np.save(samples / FURTHER_IDS, np.zeros((0, 1), np.int64))
