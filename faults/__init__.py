"""What the pipeline survives: programs that run from a checkout, python -m faults.<name>."""

from pipeline.process import prepare

prepare()  # as a stage is; compiled modules among the code would be a change for dvc
