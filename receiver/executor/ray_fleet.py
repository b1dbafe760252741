"""One decoder on every GPU of a Ray cluster, seen from outside as a single one."""

import os
import queue
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, Final

import structlog

from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.options import DecoderOptions
from receiver.executor.worker import Worker
from semvid.errors import Cancelled, LinkFailed, MissingComponent, SemvidError
from semvid.images.types import Picture
from semvid.profile import Profile
from semvid.safe_path import ROOT

ATTEMPTS: Final = 3  # actors that may die over one segment, before the segment is to blame
_LOOK_S: Final = 0.2  # between looks at progress and at whether the video was stopped
_PORTION_BYTES: Final = 64 * 2**20  # of frames fetched at a time
_START_S: Final = 1800.0  # for the first actor to load its model, downloads included
_STOP_S: Final = 60.0  # for a cancelled segment to end before its actor is replaced

_log = structlog.get_logger(__name__)


class RayFleet:
    """A decoder whose segments are made by actors, each with a decoder of its own.

    A segment goes to an actor that is idle; when the actor dies, the segment is begun anew by another one
    and goes on behind the frames that are out already. Seeds depend on the segment alone, so neither the
    number of actors nor their order nor their deaths change a frame. A dead actor is replaced, which may wait
    until the cluster has a GPU again; actors that are left carry on meanwhile.

    Args:
        name, options: of the decoder, see `receiver.decoders.make_decoder`.
        address: HOST:PORT of the head of the cluster; None: that of RAY_ADDRESS, or one of its own here.
        actors: how many; None: one a GPU, or one a core where there is no GPU.

    Attributes:
        actors: how many there are to be.

    Raises:
        MissingComponent, LinkFailed, SemvidError: see `receiver.executor.make_executed_decoder`.
    """

    def __init__(
        self, name: str, options: DecoderOptions, address: str | None = None, actors: int | None = None
    ) -> None:
        if find_spec("ray") is None:
            raise MissingComponent('executor ray needs Ray; install it with: pip install "semvid[ray]"')
        # a segment that is given up leaves a call whose result nobody fetches; that is no error
        os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
        handler = signal.getsignal(signal.SIGTERM)
        import ray

        self._ray, self._name, self._options = ray, name, options
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._broken: SemvidError | None = None
        self._connect(address)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # importing Ray puts its own in place
        self._lost = (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError)
        resources = ray.cluster_resources()
        self._gpus = int(resources.get("GPU", 0))
        self.actors = actors or self._gpus or max(1, int(resources.get("CPU", 1)))
        self._left = self.actors  # that work, wait or are being started
        self._actor_class = _actor_class(ray, self._gpus)
        first = self._actor_class.remote(name, options)
        self.profile: Profile
        self.uses_captions: bool
        self.profile, self.uses_captions = self._describe(first)
        self._idle.put(first)
        for _ in range(self.actors - 1):
            self._add_actor()
        _log.info("decoders run on Ray", actors=self.actors, gpus=self._gpus, decoder=name)

    def generate(
        self, request: SegmentRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Picture]:
        """See `receiver.decoders.decoder.Decoder.generate`.

        Raises:
            SemvidError: beside what the decoder raises: `ATTEMPTS` actors died over this segment, or none is
                left.
        """
        shown = 0
        for attempt in range(1, ATTEMPTS + 1):
            actor = self._next_idle(cancelled)
            job = uuid.uuid4().hex
            try:
                for number, picture in enumerate(self._frames(actor, job, request, progress, cancelled)):
                    if number >= shown:
                        yield picture
                        shown += 1
            except self._lost as error:
                self._replace(actor)
                _log.warning("an actor died", attempt=attempt, shown=shown, error=_first_line(error))
            except BaseException:  # failed, cancelled, or nobody wants the rest of its frames
                threading.Thread(target=self._reclaim, args=(actor, job), daemon=True).start()
                raise
            else:
                self._idle.put(actor)
                return
        raise SemvidError(
            f"decoder {self.profile.name}: {ATTEMPTS} Ray actors died over one segment; look into their logs "
            "(ray logs cluster), out of memory is the usual cause"
        )

    def close(self) -> None:
        """Leaves the cluster; its own actors end with it."""
        self._closed = True
        self._ray.shutdown()

    def _frames(
        self,
        actor: Any,
        job: str,
        request: SegmentRequest,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[Picture]:
        self._result(actor.begin.remote(job, request))
        portion = max(1, _PORTION_BYTES // (request.width * request.height * 3))
        while True:
            taken = actor.take.remote(job, portion)
            while not self._ray.wait([taken], timeout=_LOOK_S)[0]:
                if cancelled():
                    raise Cancelled("regeneration was stopped")
                progress(self._result(actor.look.remote(job)))
            frames = self._result(taken)
            if not len(frames):
                return
            progress(self._result(actor.look.remote(job)))
            for frame in frames:
                if cancelled():
                    raise Cancelled("regeneration was stopped")
                yield frame.copy()  # what comes out of the object store is read-only

    def _result(self, reference: Any) -> Any:
        """What a call gave, or what it raised, as it was raised there."""
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, SemvidError):
                raise error.cause from None
            raise SemvidError(
                f"a decoder failed on Ray: {type(error.cause).__name__}: {error.cause}"
            ) from error

    def _next_idle(self, cancelled: Callable[[], bool]) -> Any:
        while True:
            if cancelled() or self._closed:
                raise Cancelled("regeneration was stopped")
            if self._broken is not None:
                raise self._broken
            try:
                return self._idle.get(timeout=_LOOK_S)
            except queue.Empty:
                continue

    def _reclaim(self, actor: Any, job: str) -> None:
        """An actor whose segment is not wanted any more becomes idle once nothing of it runs."""
        try:
            self._ray.get(actor.cancel.remote(job), timeout=_STOP_S)
            # queued behind the call that may still be making frames
            self._ray.get(actor.end.remote(job), timeout=_STOP_S)
        except Exception as error:
            if not self._closed:
                _log.warning("an actor does not stop and is replaced", error=_first_line(error))
                self._replace(actor)
        else:
            self._idle.put(actor)

    def _replace(self, actor: Any) -> None:
        if not self._closed:
            self._ray.kill(actor)
            self._add_actor()

    def _add_actor(self) -> None:
        """Starts an actor; it becomes idle when its model is loaded."""
        actor = self._actor_class.remote(self._name, self._options)

        def wait() -> None:
            try:
                self._ray.get(actor.describe.remote())
            except Exception as error:
                self._give_up(error)
            else:
                self._idle.put(actor)

        threading.Thread(target=wait, name="ray-actor", daemon=True).start()

    def _give_up(self, error: Exception) -> None:
        if self._closed:
            return
        _log.error("an actor could not be started", error=_first_line(error))
        with self._lock:
            self._left -= 1
            if not self._left:
                self._broken = SemvidError(
                    f"decoder {self.profile.name}: no Ray actor is left and none can be started; look at the "
                    "cluster with `ray status`, then restart the receiver"
                )

    def _connect(self, address: str | None) -> None:
        arguments: dict[str, Any] = {
            "logging_level": "WARNING",
            "log_to_driver": False,
            "job_config": self._job_config(),
        }
        if address is not None:
            arguments["address"] = address
        elif not os.environ.get("RAY_ADDRESS"):
            # without a name Ray would wait for whatever cluster last ran on this machine, even a dead one
            arguments |= {"address": "local", "include_dashboard": False}
        try:
            self._ray.init(**arguments)
        except (ConnectionError, OSError, RuntimeError, ValueError, TimeoutError) as error:
            where = address or os.environ.get("RAY_ADDRESS") or "this machine"
            reason = _first_line(error.__cause__ or error)  # such as a token that is missing
            raise LinkFailed(
                f"executor ray: no cluster at {where}: {reason}; start one with: "
                "ray start --head --port=6379, and join it from this machine with: "
                "ray start --address=HOST:PORT"
            ) from error

    def _job_config(self) -> Any:
        """Keeps the current folder off the workers' path, where Ray puts it before what is installed."""
        config = self._ray.job_config.JobConfig()
        config._py_driver_sys_path = _OurFolder([ROOT] if ROOT in sys.path else [])
        return config

    def _describe(self, actor: Any) -> tuple[Profile, bool]:
        try:
            described: tuple[Profile, bool] = self._ray.get(actor.describe.remote(), timeout=_START_S)
        except self._ray.exceptions.GetTimeoutError as error:
            raise LinkFailed(
                f"executor ray: no decoder was ready within {_START_S:g} s; does the cluster have a free "
                "core (and GPU)? See `ray status`"
            ) from error
        except self._ray.exceptions.RayActorError as error:
            cause = getattr(error, "cause", None) or error.__cause__
            if isinstance(cause, SemvidError):
                raise cause from None
            raise SemvidError(f"executor ray: the decoder cannot be made there: {error}") from error
        return described


class _OurFolder(list[str]):
    """A path that Ray cannot add to: it would add the folder of the script and the current one."""

    def extend(self, _: Any) -> None:
        return


def _first_line(error: BaseException) -> str:
    return (
        f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
        if str(error)
        else type(error).__name__
    )


def _actor_class(ray: Any, gpus: int) -> Any:
    """`Worker` as an actor, with Ray's marks on the methods that must get through while a segment is made."""

    class Actor(Worker):
        @ray.method(concurrency_group="control")
        def look(self, job: str) -> float:
            return super().look(job)

        @ray.method(concurrency_group="control")
        def cancel(self, job: str) -> None:
            super().cancel(job)

    remote = ray.remote(num_cpus=1, num_gpus=1 if gpus else 0, concurrency_groups={"control": 1})
    return remote(Actor)
