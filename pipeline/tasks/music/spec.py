"""The spec of music."""

from pipeline.tasks.base import TaskSpec
from pipeline.tasks.music.fit import check_run
from pipeline.tasks.music.settings import MusicDataset, MusicRun

SPEC = TaskSpec(
    name="music",
    order=3,
    title="Music",
    noun="piece of music",
    dataset=MusicDataset,
    run=MusicRun,
    check_run=check_run,
)
