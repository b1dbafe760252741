"""Where the decoder runs: in this process, or one copy of it on every GPU of a Ray cluster (docs/ray.md)."""

from typing import Protocol, runtime_checkable

from receiver.decoders import make_decoder
from receiver.decoders.decoder import Decoder
from receiver.decoders.options import DecoderOptions
from semvid.errors import InvalidInput


@runtime_checkable
class Closable(Protocol):
    """A decoder that holds something beyond this process."""

    def close(self) -> None:
        """Lets it go."""


LOCAL, RAY = "local", "ray"


def make_executed_decoder(
    name: str, options: DecoderOptions, executor: str = LOCAL, actors: int | None = None
) -> Decoder:
    """The decoder ``name``, run by ``executor``.

    Args:
        name, options: see `receiver.decoders.make_decoder`.
        executor: ``local``; ``ray``: the cluster that RAY_ADDRESS names, or one of its own on this machine;
            ``ray://HOST:PORT``: the cluster with that head, of which this machine is a node.
        actors: copies of the decoder; None: one a GPU of the cluster, or one a core where it has no GPU.

    Raises:
        InvalidInput: no such executor, the decoder ``auto`` for Ray, or as `receiver.decoders.make_decoder`.
        MissingComponent: Ray is not installed, or as `receiver.decoders.make_decoder`.
        LinkFailed: the cluster cannot be reached, or has no place for a decoder.
    """
    if executor == LOCAL:
        return make_decoder(name, options)
    if executor != RAY and not executor.startswith("ray://"):
        raise InvalidInput(f"no executor {executor!r}; there are: local, ray, ray://HOST:PORT")
    if name.partition(":")[0] == "auto":
        raise InvalidInput(
            "executor ray: decoder auto would be chosen anew on each machine, and frames would depend on "
            "where they are made; name one: rife or embedded"
        )
    from receiver.executor.ray_fleet import RayFleet

    return RayFleet(name, options, executor.removeprefix("ray://") if executor != RAY else None, actors)
