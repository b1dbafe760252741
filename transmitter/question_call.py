"""The `LinkService.Questions` call, seen from the transmitter: what is asked at the receiver."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc

from semvid.errors import LinkFailed
from semvid.link.bootstrap import make_channel
from semvid.link.tls import ClientTls
from semvid.wire.v1 import link_pb2 as pb
from semvid.wire.v1 import link_pb2_grpc


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        id: with which its answer is sent, as transmission id.
        transmission_id: of the video that it is about; perhaps another transmitter's.
        text: as it was asked.
        size: bytes that it took on the return direction.
    """

    id: str
    transmission_id: str
    text: str
    size: int


async def questions(target: str, tls: ClientTls | None = None) -> AsyncIterator[Question]:
    """What is asked, from now on until the other end is stopped.

    Raises:
        LinkFailed: nobody answers at ``target``, or not any more, or it knows of no questions.
    """
    async with make_channel(target, tls) as channel:
        try:
            async for message in link_pb2_grpc.LinkServiceStub(channel).Questions(pb.QuestionsRequest()):
                yield Question(message.question_id, message.transmission_id, message.text, message.ByteSize())
        except grpc.aio.AioRpcError as error:
            raise LinkFailed(f"link to {target}: {error.code().name}: {error.details()}") from error
