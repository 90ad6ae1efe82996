"""What the jobs of a scale may cost."""

from pipeline.cluster import settings
from pipeline.cluster.graph import Graph
from pipeline.cluster.scripts import resources
from pipeline.config import Params
from pipeline.settings.training import Device


def cost(left: Graph, params: Params, asked: settings.ClusterSettings) -> str:
    """Say how many jobs the stages `left` are, and what they cost if all reach their time limit."""
    stages = [stage for stage in left if not asked.is_here(stage)]
    cores = gpus = 0.0
    for stage in stages:
        needs = resources(stage, params, asked.processes_per_node)
        time = asked.options_of(stage).get("time")
        if time is None:
            return f"{len(stages)} jobs; {stage} has no time limit in {settings.FILE}"
        processes = needs.nodes * needs.processes * settings.hours(str(time))
        cores += processes * needs.threads
        gpus += processes if needs.device is Device.CUDA else 0.0
    return (
        f"{len(stages)} jobs; if each reaches its time limit, {cores:,.1f} hours of a core and "
        f"{gpus:,.1f} of a GPU"
    )
