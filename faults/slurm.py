"""SLURM on this machine: a controller, and hosts with networks and process numbers of their own.

A host is a network namespace on a bridge, with a process and a host-name namespace: what runs on it
does not know the process numbers of another, as on machines that share a file system alone.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faults.copies import call, fresh_copy
from faults.scale import read, write

HOSTS = ("n1", "n2")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "ip", "unshare", "setpriv")
SETTINGS = """
here: [check, scratch, "download@*"]
processes_per_node: 1
push: false
options: {"*": {time: "01:00:00", mem: 1G}}
"""  # of a scale on this cluster
_BRIDGE, _NETWORK = "slurm-bridge", "10.77.0"
_ONE_AT_A_TIME = Path("/run/lock/slurm-bridge")
_PATIENCE = 60.0  # seconds; a busy machine is no failure
_CONF = """
ClusterName=test
SlurmctldHost={controller}({network}.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=0,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdTimeout=10
KillWait=2
InactiveLimit=0
MinJobAge=300
GresTypes=gpu,shard
"""
_PARTITIONS = """
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2
"""


def missing() -> str | None:
    """What a cluster needs that this machine lacks; None if nothing."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    absent = [name for name in PROGRAMS if _program(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    namespaces = ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--uts", "true"]
    if subprocess.run(namespaces, capture_output=True, check=False).returncode:
        return "no namespaces of networks, processes and host names can be made here"
    return None


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


class Cluster:
    """A running cluster, whose files lie in `folder`; `environment` is that of its users."""

    def __init__(self, folder: Path, cpus: int) -> None:
        self._folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}
        self._processes: dict[str, subprocess.Popen] = {}
        for name in ("state", *(f"spool.{host}" for host in HOSTS)):
            (folder / name).mkdir(parents=True)
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o600)
        nodes = "".join(
            f"NodeName={host} NodeAddr={_NETWORK}.{10 + number} CPUs={cpus} RealMemory=4000"
            " Gres=gpu:1,shard:4\n"
            for number, host in enumerate(HOSTS)
        )
        settings = {"folder": folder, "network": _NETWORK, "controller": os.uname().nodename}
        (folder / "slurm.conf").write_text(_CONF.format(**settings) + nodes + _PARTITIONS)
        addresses = [f"{_NETWORK}.{10 + number} {host}" for number, host in enumerate(HOSTS)]
        (folder / "hosts").write_text("\n".join(["127.0.0.1 localhost", *addresses]) + "\n")
        (folder / "gres.conf").write_text("Name=gpu File=/dev/null\nName=shard Count=4\n")

    def start(self) -> None:
        """Start all of it and wait until all hosts are idle."""
        folder = self._folder
        munge = {name: f"--{name}-file={folder}/munge.{name}" for name in ("key", "log", "pid")}
        self._start(
            "munged", "--foreground", "--force", f"--socket={folder}/munge.socket",
            f"--seed-file={folder}/munge.seed", *munge.values(),
        )  # fmt: skip
        _await(lambda: (folder / "munge.socket").exists())
        self.start_controller()
        for host in HOSTS:
            self.start_host(host)
        self.wait_until_idle()

    def start_controller(self) -> None:
        """Start the controller, which goes on with the jobs that it knew."""
        self._start("slurmctld", "-D")

    def start_host(self, host: str) -> None:
        """Start a host, whose first process is the parent of all that runs on it."""
        unshare = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts")
        names = f"mount --bind '{self._folder}/hosts' /etc/hosts && hostname {host}"
        program = f"{names} && {_program('slurmd')} -D -c & wait"
        self._start(host, *_inside(host), *unshare, "sh", "-c", program)

    def kill(self, name: str) -> None:
        """Kill the controller, or a host with all that runs on it."""
        process = self._processes.pop(name)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def resume(self) -> None:
        """Let drained hosts take jobs again, as an administrator does after a crash."""
        if "drain" in self.call("sinfo", "-h", "-N", "-o", "%t"):
            self.call("scontrol", "update", f"NodeName={','.join(HOSTS)}", "State=RESUME")

    def wait_until_idle(self) -> None:
        """Wait until every host is there and has nothing to do."""
        _await(
            lambda: (
                set(self.call("sinfo", "-h", "-N", "-p", "main", "-o", "%t").split()) == {"idle"}
            )
        )

    def call(self, *command: str) -> str:
        """What a command of SLURM prints; empty if it fails."""
        return subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True
        ).stdout

    def stop(self) -> None:
        """End all of it."""
        for name in [*HOSTS, *(name for name in self._processes if name not in HOSTS)]:
            if name in self._processes:
                self.kill(name)

    def _start(self, name: str, *arguments: str) -> None:
        command = [*arguments] if name in HOSTS else [_program(name), *arguments]
        command = ["setpriv", "--pdeathsig", "KILL", *command]  # ends with this program
        with (self._folder / f"{name}.printed").open("ab") as printed:
            self._processes[name] = subprocess.Popen(
                command, env=os.environ | self.environment, stdout=printed, stderr=printed,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip


@contextmanager
def cluster(folder: Path, cpus: int = 2) -> Iterator[Cluster]:
    """A running cluster for the block, with `cpus` of each host; one at a time on a machine."""
    with _ONE_AT_A_TIME.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove_network()  # of one that was killed
        made = Cluster(folder, cpus)
        try:
            _make_network()
            made.start()
            yield made
        finally:
            made.stop()
            _remove_network()


def encoded_scale(folder: Path, run: str, **training: Any) -> dict[str, Any]:
    """Fill `folder` with a repository for this cluster, whose one run has its data encoded.

    `training` are parameters of it. Returns its params.yaml.
    """
    fresh_copy(folder)
    raw = read(folder)
    raw["runs"] = {run: raw["runs"][run]}
    dataset = raw["runs"][run]["dataset"]
    raw["datasets"] = {dataset: raw["datasets"][dataset]}
    raw["runs"][run]["training"] |= training
    write(raw, folder)
    (folder / "cluster.yaml").write_text(SETTINGS)
    call(folder, "dvc", "repro", "check", "scratch", f"encode@{dataset}")
    return raw


def cut(host: str) -> None:
    """Pull the cable of a host."""
    _ip("link", "set", f"slurm-{host}", "down")


def mend(host: str) -> None:
    """Put the cable of a host back."""
    _ip("link", "set", f"slurm-{host}", "up")


def _inside(host: str) -> tuple[str, ...]:
    return ("nsenter", f"--net=/run/netns/slurm-{host}")  # ip netns exec would hide the cgroups


def _make_network() -> None:
    _ip("link", "add", _BRIDGE, "type", "bridge")
    _ip("addr", "add", f"{_NETWORK}.1/24", "dev", _BRIDGE)
    _ip("link", "set", _BRIDGE, "up")
    for number, host in enumerate(HOSTS):
        space = f"slurm-{host}"
        _ip("netns", "add", space)
        _ip("link", "add", space, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", space, "master", _BRIDGE, "up")
        _ip("-n", space, "addr", "add", f"{_NETWORK}.{10 + number}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            _ip("-n", space, "link", "set", device, "up")


def _remove_network() -> None:
    for host in HOSTS:
        subprocess.run(["ip", "netns", "del", f"slurm-{host}"], capture_output=True)
    subprocess.run(["ip", "link", "del", _BRIDGE], capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def _await(condition) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, "SLURM does not start; see its files"
        time.sleep(0.1)
