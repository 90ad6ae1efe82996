"""Programs that try what the pipeline survives: python -m faults.<name>, in a checkout."""

from pipeline.process import prepare

prepare()  # as in a stage: compiled modules beside the code would be a change to dvc
