"""The three services as child processes on free ports of the loopback interface."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from semvid import errors
from semvid.client import ReceiverClient, TransmitterClient
from semvid.link.peer import LINK_SERVICE, is_serving
from semvid.safe_path import ROOT, without_current_folder
from semvid.service.lifeline import Lifeline

_HOST = "127.0.0.1"
_START_S = 120.0  # the first start on a machine compiles the channel decoder
_STOP_S = 10.0
_TAIL_LINES = 15


@dataclass(frozen=True)
class Addresses:
    """Where the running services are."""

    transmitter_url: str
    receiver_url: str
    channel_target: str


class ServiceProcess:
    """One service, started as ``python -P -m MODULE`` in a process group of its own; it ends when we do.

    ``-P``: what lies in the current folder, a user's channel.py or a checkout called semvid, is not imported.

    Args:
        module: what to run.
        environment: settings, added to this process's environment.
        log: file that takes the service's output, after what is in it.
    """

    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        self.module = module
        self.log = log
        self._lifeline = Lifeline()
        settings = {**os.environ, **environment, **self._lifeline.environment}
        if "PYTHONPATH" in settings:
            settings["PYTHONPATH"] = without_current_folder(settings["PYTHONPATH"])
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                env=settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self._lifeline.passed,
            )
        self._lifeline.started()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ended(self) -> bool:
        """Whether the process no longer runs."""
        return self._process.poll() is not None

    def check(self) -> None:
        """Raises LinkFailed, with the end of the log, when the process is no longer running."""
        status = self._process.poll()
        if status is not None:
            raise errors.LinkFailed(
                f"{self.module}: the service ended with status {status}; the end of {self.log}:\n"
                f"{self.tail()}"
            )

    def tail(self) -> str:
        """The last lines of the log, indented."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join(f"    {line}" for line in lines) or "    (empty)"

    def wait_until(self, ready: Callable[[], bool], timeout_s: float = _START_S) -> None:
        """Waits until ``ready`` says so.

        Raises:
            LinkFailed: the process ended, or was not ready in time.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise errors.LinkFailed(
                    f"{self.module}: the service was not ready within {timeout_s:.0f} s; "
                    f"the end of {self.log}:\n{self.tail()}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends the whole process group: politely first, by force after some seconds."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._lifeline.cut()


def require_ours(service: str) -> None:
    """Refuses to start what only has the name of a service.

    Raises:
        InvalidInput: another package or module called ``service`` comes first on Python's path.
    """
    found = find_spec(service)
    if found is None or found.origin is None or Path(found.origin).parents[1] != Path(ROOT):
        where = "nothing" if found is None else found.origin or f"a folder called {service}"
        raise errors.InvalidInput(
            f"{service}: Python finds {where} in the place of semvid's own in {ROOT}; uninstall or rename "
            "it, or take it off PYTHONPATH"
        )


class Services:
    """The running services and where they are."""

    def __init__(self, addresses: Addresses, processes: list[ServiceProcess]) -> None:
        self.addresses = addresses
        self.processes = processes

    def alive(self) -> bool:
        """Whether all of them run."""
        return not any(process.ended() for process in self.processes)

    def check(self) -> None:
        """Raises LinkFailed when one of the services has died."""
        for process in self.processes:
            process.check()


@contextmanager
def running_receiver(data: Path, logs: Path) -> Iterator[tuple[str, str]]:
    """Starts a receiver alone; gives the address of its REST interface and that of its link.

    Args:
        data: folder for its files.
        logs: folder for its log.

    Raises:
        InvalidInput: something else than our service would be started.
        LinkFailed: it did not come up; carries the end of its log.
    """
    require_ours("receiver")
    rest, link = free_ports(2)
    url = f"http://{_HOST}:{rest}"
    logs.mkdir(parents=True, exist_ok=True)
    process = ServiceProcess("receiver", _receiver(rest, link, data), logs / "receiver.log")
    try:
        with ReceiverClient(url) as client:
            process.wait_until(client.ready)
        yield url, f"{_HOST}:{link}"
    finally:
        process.stop()


def _receiver(rest: int, link: int, data: Path) -> dict[str, str]:
    """The settings of a receiver on these ports."""
    return {
        "SEMVID_RECEIVER_HOST": _HOST,
        "SEMVID_RECEIVER_PORT": str(rest),
        "SEMVID_RECEIVER_LINK_ADDRESS": f"{_HOST}:{link}",
        "SEMVID_RECEIVER_DATA_DIR": str(data / "receiver"),
        # fetched as soon as they are finished: the folder need not hold all of a long row of files
        "SEMVID_RECEIVER_KEPT_VIDEOS": os.environ.get("SEMVID_RECEIVER_KEPT_VIDEOS", "4"),
    }


@contextmanager
def running_services(data: Path, logs: Path, channel: Mapping[str, str] | None = None) -> Iterator[Services]:
    """Starts receiver, channel and transmitter, and ends them with their children on the way out.

    Settings in the environment hold, so that ``SEMVID_RECEIVER_DECODER=... semvid demo`` does what it says;
    only addresses and folders are the demo's own.

    Args:
        data: folder for the services' files.
        logs: folder for one log per service.
        channel: more settings of the channel.

    Raises:
        InvalidInput: something else than our services would be started.
        LinkFailed: a service did not come up; carries the end of its log.
    """
    for service in ("receiver", "channel", "transmitter"):
        require_ours(service)
    rest_r, link_r, link_c, rest_t = free_ports(4)
    addresses = Addresses(f"http://{_HOST}:{rest_t}", f"http://{_HOST}:{rest_r}", f"{_HOST}:{link_c}")
    environments = {
        "receiver": _receiver(rest_r, link_r, data),
        "channel": {
            "SEMVID_CHANNEL_LISTEN": addresses.channel_target,
            "SEMVID_CHANNEL_RECEIVER": f"{_HOST}:{link_r}",
            **(channel or {}),
        },
        "transmitter": {
            "SEMVID_TRANSMITTER_HOST": _HOST,
            "SEMVID_TRANSMITTER_PORT": str(rest_t),
            "SEMVID_TRANSMITTER_LINK_TARGET": addresses.channel_target,
            "SEMVID_TRANSMITTER_DATA_DIR": str(data / "transmitter"),
            "SEMVID_TRANSMITTER_RECEIVER_URL": addresses.receiver_url,
            # whoever starts it is also who names models
            "SEMVID_TRANSMITTER_MLLM_ALLOWED": os.environ.get("SEMVID_TRANSMITTER_MLLM_ALLOWED", "*"),
            # a service of ours that is gone does not come back
            "SEMVID_TRANSMITTER_ATTEMPTS": os.environ.get("SEMVID_TRANSMITTER_ATTEMPTS", "1"),
        },
    }
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        processes: dict[str, ServiceProcess] = {}
        for module, environment in environments.items():
            processes[module] = ServiceProcess(module, environment, logs / f"{module}.log")
            stack.callback(processes[module].stop)
        receiver = stack.enter_context(ReceiverClient(addresses.receiver_url))
        transmitter = stack.enter_context(TransmitterClient(addresses.transmitter_url))
        processes["receiver"].wait_until(receiver.ready)
        # the channel's LinkService serves once it has reached the receiver's
        processes["channel"].wait_until(
            lambda: asyncio.run(is_serving(addresses.channel_target, LINK_SERVICE))
        )
        processes["transmitter"].wait_until(transmitter.ready)
        yield Services(addresses, list(processes.values()))


def free_ports(count: int) -> list[int]:
    """Ports that are free now, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind((_HOST, 0))
        return [int(s.getsockname()[1]) for s in sockets]
