"""Speed, beside peers: programs that run from a checkout, python -m benchmarks.<name>."""

from pipeline.process import prepare

prepare()  # here, so that all that is measured, peers too, is loaded as a stage is
