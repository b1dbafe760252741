"""The three services on fixed ports, bad networks between them, under a supervisor that starts them again."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from console.local_services import ServiceProcess
from evaluation.chaos.fault_link import HOST, FaultLink
from evaluation.chaos.small_disk import SmallDisk
from semvid.errors import LinkFailed

SERVICES = ("receiver", "channel", "transmitter")
_STORING = ("transmitter", "receiver")
HOPS = ("transmitter to channel", "channel to receiver")
ATTEMPTS = 50  # a link that is down most of the time is tried as often as that


class Trio:
    """Transmitter, channel, receiver.

    Args:
        folder: for data and logs.
        links: by hop.
        disks: by service; none where no disk is to be filled.
        ports: six free ones.

    Attributes:
        transmitter, receiver: bases of their REST interfaces.
    """

    def __init__(
        self, folder: Path, links: dict[str, FaultLink], disks: dict[str, SmallDisk], ports: list[int]
    ) -> None:
        rest_t, rest_r, link_c, link_r, to_channel, to_receiver = ports
        self.folder, self.links, self.disks = folder, links, disks
        self.transmitter, self.receiver = f"http://{HOST}:{rest_t}", f"http://{HOST}:{rest_r}"
        self._environments = {
            "receiver": {
                "SEMVID_RECEIVER_PORT": str(rest_r),
                "SEMVID_RECEIVER_LINK_ADDRESS": f"{HOST}:{link_r}",
                "SEMVID_RECEIVER_DATA_DIR": str(folder / "receiver"),
                "SEMVID_RECEIVER_KEPT_VIDEOS": "100000",
                "SEMVID_RECEIVER_LOG_FORMAT": "json",
            },
            "channel": {
                "SEMVID_CHANNEL_LISTEN": f"{HOST}:{link_c}",
                "SEMVID_CHANNEL_RECEIVER": f"{HOST}:{to_receiver}",
                "SEMVID_CHANNEL_LOG_FORMAT": "json",
            },
            "transmitter": {
                "SEMVID_TRANSMITTER_PORT": str(rest_t),
                "SEMVID_TRANSMITTER_LINK_TARGET": f"{HOST}:{to_channel}",
                "SEMVID_TRANSMITTER_DATA_DIR": str(folder / "transmitter"),
                "SEMVID_TRANSMITTER_RETRY_PAUSE_S": "0.5",
                "SEMVID_TRANSMITTER_LONGEST_RETRY_PAUSE_S": "5",
                "SEMVID_TRANSMITTER_ATTEMPTS": str(ATTEMPTS),
                "SEMVID_TRANSMITTER_QUEUE_LENGTH": "4",
                "SEMVID_TRANSMITTER_LOG_FORMAT": "json",
            },
        }
        self._processes: dict[str, ServiceProcess] = {}

    def start(self, service: str) -> None:
        """Starts a service that does not run."""
        environment = {**self._environments[service], "OMP_NUM_THREADS": "1"}
        self._processes[service] = ServiceProcess(service, environment, self.log(service))

    def log(self, service: str) -> Path:
        """Where the service's log is."""
        return self.folder / f"{service}.log"

    def kill(self, service: str) -> None:
        """SIGKILL to the whole group of the service's processes."""
        os.killpg(self._processes[service].pid, signal.SIGKILL)
        self._processes[service].stop()

    def stop(self) -> None:
        """Ends what runs."""
        for process in self._processes.values():
            process.stop()

    def heal(self) -> None:
        """Links carry, disks have room."""
        for link in self.links.values():
            link.heal()
        for disk in self.disks.values():
            disk.make_room()

    def ready(self) -> bool:
        """Whether a transmission could pass."""
        try:
            return httpx.get(f"{self.transmitter}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def check(self) -> None:
        """Raises LinkFailed where one ended that nobody had killed."""
        for process in self._processes.values():
            process.check()


@contextmanager
def running(folder: Path, with_disks: bool) -> Iterator[Trio]:
    """A trio, as long as the context lasts.

    Raises:
        MissingComponent: disks are wanted, and none can be mounted.
    """
    ports = _free_ports(6)
    with ExitStack() as stack:
        links = {
            HOPS[0]: stack.enter_context(FaultLink(ports[4], ports[2])),
            HOPS[1]: stack.enter_context(FaultLink(ports[5], ports[3])),
        }
        disks = {
            service: stack.enter_context(SmallDisk(folder / service))
            for service in (_STORING if with_disks else ())
        }
        trio = Trio(folder, links, disks, ports)
        stack.callback(trio.stop)
        for service in SERVICES:
            trio.start(service)
        yield trio


def _free_ports(count: int) -> list[int]:
    """Free ports below those that calls which go out are given, so that no restart finds its own taken."""
    with ExitStack() as stack:
        found: list[int] = []
        start = 20_000 + time.time_ns() // 1000 % 8_000
        for port in range(start, start + 2_000):
            one = stack.enter_context(socket.socket())
            try:
                one.bind((HOST, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise LinkFailed(f"chaos: no {count} free ports from {start} on; run it again")
