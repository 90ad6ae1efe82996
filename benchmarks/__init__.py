"""Programs that measure speed and memory: python -m benchmarks.<name>, in a checkout."""

from pipeline.process import prepare

prepare()  # before torch is loaded, as in a stage, for our code and for the peers
