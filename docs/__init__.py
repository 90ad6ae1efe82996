"""Pages about the repository, and the programs that fill in their tables and make the picture."""

from pipeline.process import prepare

prepare()  # as in a stage: compiled modules beside the code would be a change to dvc
