"""A later attempt at a transmission takes the place of an earlier one."""

from __future__ import annotations

from typing import Any

import grpc

from semvid.wire.v1 import link_pb2 as pb


def attempt(receiver: Any, video_id: str, number: int) -> Any:
    call = receiver.open(video_id, opening=False)
    call.put(pb.TransmitRequest(open=pb.Open(transmission_id=video_id, attempt=number)))
    return call


def test_a_later_attempt_takes_the_place_of_one_that_broke_off(receiver: Any, clip: Any) -> None:
    first = receiver.open()
    first.send_all(clip.bursts[:-2])
    first.cancel()
    second = attempt(receiver, first.id, 2)  # perhaps while what arrived is still regenerated
    assert next(second.call).WhichOneof("kind") == "accepted"
    second.send_all(clip.bursts)
    assert second.finish().complete
    video = receiver.final(first.id)
    assert (video["state"], video["frames_written"], video["attempt"]) == ("SUCCEEDED", 25, 2)
    assert video["symbols_received"] == second.symbols
    assert video["symbols_of_earlier_attempts"] == first.symbols
    assert [s["first_frame"] for s in receiver.segments(first.id)].count(0) == 1
    listed = receiver.http.get("/v1/videos?limit=1000").json()["videos"]
    assert [one["id"] for one in listed].count(first.id) == 1


def test_the_same_attempt_again_is_refused(receiver: Any, clip: Any) -> None:
    first = receiver.open()
    first.send_all(clip.bursts)
    first.finish()
    receiver.final(first.id)
    for number in (0, 1):
        code, _ = attempt(receiver, first.id, number).status()
        assert code is grpc.StatusCode.ALREADY_EXISTS


def test_a_later_attempt_waits_for_one_that_still_sends(receiver: Any, clip: Any) -> None:
    first = receiver.open()
    first.send(clip.header)
    code, told = attempt(receiver, first.id, 2).status()
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "earlier attempt" in told
    first.send_all(clip.bursts[2:])  # it noticed nothing
    first.finish()
    assert receiver.final(first.id)["state"] == "SUCCEEDED"


def test_numbers_out_of_range_and_unknown_ids_are_refused(receiver: Any) -> None:
    call = receiver.open()
    call.cancel()
    base = f"/v1/videos/{call.id}"
    huge = str(10**30)
    paths = (
        f"/v1/videos?offset={huge}", f"{base}/segments?offset={huge}", f"{base}/captions?limit={huge}",
        f"{base}/keyframes?offset=-1", f"{base}/keyframes/{huge}", f"{base}/keyframes/-1",
    )  # fmt: skip
    assert {path: receiver.http.get(path).status_code for path in paths} == dict.fromkeys(paths, 422)
    rest = ("", "/content", "/segments", "/keyframes", "/keyframes/0", "/captions", "/constellation")
    assert {path: receiver.http.get(f"/v1/videos/nobody{path}").status_code for path in rest} == (
        dict.fromkeys(rest, 404)
    )
