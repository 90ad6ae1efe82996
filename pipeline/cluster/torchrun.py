"""torchrun whose errors are one line; the jobs of a training on several nodes start it.

python pipeline/cluster/torchrun.py --nnodes=2 --nproc-per-node=4 ... pipeline train RUN
"""

import logging
import os
import sys
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Start the processes of this node and wait for all; each reports its own errors."""
    from pipeline.process import prepare

    prepare()  # before torch is imported
    from torch.distributed import DistError
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous import RendezvousError
    from torch.distributed.run import parse_args, run

    logging.disable()
    try:
        run(parse_args(arguments))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            sys.exit(f"error: process {rank} was killed by {failure.signal_name()}")
        sys.exit(failure.exitcode)
    except (DistError, RendezvousError):
        sys.exit(f"error: {os.uname().nodename} lost the other nodes of the training")
    except SignalException as stopped:
        sys.exit(128 + stopped.sigval)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])  # the code that this file belongs to
    main(sys.argv[1:])
