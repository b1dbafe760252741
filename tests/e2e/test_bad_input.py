"""What is wrong is refused at the door, with a sentence, and nothing else is disturbed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from semvid.semantics import HdrColour, HdrTransfer
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter
from tests.e2e.conftest import QUICK, Trio, running
from tests.synthetic_clip import clip_frames
from tests.unit.video.patches import shown, write_codes, write_patches

NO_VIDEOS = {
    "empty.mp4": b"",
    "text.mp4": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "noise.mp4": bytes(range(256)) * 64,
    "playlist.mp4": b"#EXTM3U\n#EXT-X-VERSION:3\nhttp://127.0.0.1/x.ts\n",
}


@pytest.fixture(autouse=True)
def _services_live_on(trio: Trio) -> Iterator[None]:
    """The same three processes serve before and after every test."""
    yield
    trio.assert_serving()


def _refused(trio: Trio, path: Path, options: str = "{}") -> dict[str, object]:
    answer = trio.submit(path, options)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = dict(answer.json())
    assert len(str(problem["detail"])) > 20
    return problem


@pytest.mark.parametrize("name", NO_VIDEOS)
def test_files_that_are_no_video(trio: Trio, tmp_path: Path, name: str) -> None:
    assert _no_video(trio, tmp_path, name)["code"] == "UNSUPPORTED_MEDIA"


def _no_video(trio: Trio, folder: Path, name: str) -> dict[str, object]:
    path = folder / name
    path.write_bytes(NO_VIDEOS[name])
    return _refused(trio, path)


def test_truncated_video(trio: Trio, short_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.mp4"
    path.write_bytes(short_clip.read_bytes()[: short_clip.stat().st_size // 2])
    assert _refused(trio, path)["code"] == "UNSUPPORTED_MEDIA"


def test_a_colour_matrix_that_nobody_decodes_is_named(trio: Trio, tmp_path: Path) -> None:
    path = write_codes(tmp_path / "a.mkv", [(100, 120, 130)], "yuv420p", (14, 9, 16, 1))
    assert "ICtCp" in str(_refused(trio, path)["detail"])


def test_what_was_done_to_a_source_is_said_and_its_shape_is_kept(trio: Trio, tmp_path: Path) -> None:
    """HLG with the pixels of a broadcast, up to the MP4 at the receiver: grey where a browser shows it."""
    greys = [(0.5, 0.5, 0.5), (0.75, 0.75, 0.75)]
    h264 = {"codec": "libx264", "options": {"crf": "1"}, "aspect": Fraction(16, 11)}
    path = write_patches(tmp_path / "a.mp4", greys, (9, 9, 18, 1), frames=4, **h264)
    sent = trio.transmit(path)
    assert sent["state"] == "SUCCEEDED", sent["error"]
    source = sent["source"]
    assert isinstance(source, dict)
    assert (source["pixel_aspect"], source["colour"]["transfer"]) == ("16:11", "HLG")
    assert "tone-mapped" in source["remarks"][0]
    assert "64x32 pixels are shown as 93x32" in source["remarks"][1]
    assert trio.wait_video(str(sent["id"]))["pixel_aspect"] == "16:11"
    info, seen = shown(trio.content(str(sent["id"]), tmp_path / "back.mp4"))
    assert info.pixel_shape.aspect == Fraction(16, 11)
    assert not info.colour.hdr
    assert np.abs(np.array(seen) - [[99] * 3, [187] * 3]).max() <= 6


@pytest.mark.parametrize("transfer", ["HLG", "PQ"])
def test_hdr_is_kept_on_request(trio: Trio, tmp_path: Path, transfer: str) -> None:
    """Up to the MP4 at the receiver, in code values; 4 is what keyframes of AV1 cost plain patches."""
    colours = [(0.5, 0.5, 0.5), (0.7, 0.2, 0.1), (0.3, 0.5, 0.2), (0.2, 0.3, 0.6)]
    path = write_patches(
        tmp_path / "a.mp4", colours, (9, 9, HdrTransfer[transfer], 1), codec="libx265", frames=8, rows=2,
        options={"x265-params": "lossless=1:log-level=none"},
    )  # fmt: skip
    sent = trio.transmit(path, json.dumps({"hdr": "keep", "quality": 24, "channel": {"snr_db": 20}}))
    assert sent["state"] == "SUCCEEDED", sent["error"]
    assert f"{transfer}, BT.2020" in sent["source"]["remarks"][0]  # type: ignore[index]
    assert "it was kept" in sent["source"]["remarks"][0]  # type: ignore[index]
    assert trio.wait_video(str(sent["id"]))["hdr"] == transfer
    back = trio.content(str(sent["id"]), tmp_path / "back.mp4")
    info = probe(back).keeping_hdr()
    assert info.kept == HdrColour(HdrTransfer[transfer])
    picture = next(iter(read_frames(back, info))).picture
    assert np.abs(picture[16, 16::32] - 255 * np.array(colours)).max() <= 4


def test_keeping_the_hdr_of_sdr_changes_nothing_and_is_said(trio: Trio, short_clip: Path) -> None:
    quick = json.loads(QUICK)
    plain, asked = trio.transmit(short_clip), trio.transmit(short_clip, json.dumps({**quick, "hdr": "keep"}))
    assert asked["symbols"] == plain["symbols"]
    assert "there was nothing to keep" in asked["source"]["remarks"][0]  # type: ignore[index]
    assert trio.wait_video(str(asked["id"]))["hdr"] == ""


def test_hdr_that_is_too_small_to_be_kept_is_refused(trio: Trio, tmp_path: Path) -> None:
    path = write_patches(tmp_path / "a.mkv", [(0.5, 0.5, 0.5)], (9, 9, 18, 1))
    assert "has 32x32; take tone-map" in str(_refused(trio, path, json.dumps({"hdr": "keep"}))["detail"])


def test_hdr_that_a_way_of_sending_cannot_keep_is_refused_by_name(trio: Trio, short_clip: Path) -> None:
    for options in ({"coding": "tokens"}, {"coding": "portrait"}, {"keyframe_method": "text-only"}):
        told = str(_refused(trio, short_clip, json.dumps({**options, "hdr": "keep"}))["detail"])
        assert "option hdr" in told


def test_wrong_options_name_the_field(trio: Trio, short_clip: Path) -> None:
    assert "threshold" in str(_refused(trio, short_clip, json.dumps({"threshold": 7}))["detail"])
    assert "nobody" in str(_refused(trio, short_clip, json.dumps({"mllm": "nobody"}))["detail"])
    told = str(_refused(trio, short_clip, json.dumps({"channel": {"model": "tunnel"}}))["detail"])
    assert "channel.model" in told
    assert " rayleigh," in told


def test_upload_cut_half_way(trio: Trio, short_clip: Path) -> None:
    before = _kept(trio)
    _cut_upload(trio, short_clip)
    assert _kept(trio) == before


def test_nothing_is_kept_of_what_is_refused(trio: Trio, tmp_path: Path) -> None:
    before = _kept(trio)
    for name in NO_VIDEOS:
        _no_video(trio, tmp_path, name)
    assert _kept(trio) == before


def _kept(trio: Trio) -> tuple[set[str], set[str]]:
    """Transmissions that the transmitter lists, and folders on its disk."""
    answer = trio._http.get(f"{trio.transmitter}/v1/transmissions", params={"limit": 200}).json()
    folders = {path.name for path in (trio.folder / "transmitter").iterdir()}
    return {one["id"] for one in answer["transmissions"]}, folders


def _cut_upload(trio: Trio, clip: Path) -> None:
    """Announces 1 MB, sends 1 kB, and waits until the service has given it up."""
    address = urlsplit(trio.transmitter)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/transmissions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
            b"Content-Disposition: form-data; name=file; filename=a.mp4\r\n\r\n" + clip.read_bytes()[:1000]
        )
        connection.shutdown(socket.SHUT_WR)
        _wait_for_the_end(connection)


@pytest.mark.parametrize("port", ["link", "receiver_link"])
def test_garbage_on_the_grpc_ports_is_hung_up_on(trio: Trio, tiny_clip: Path, port: str) -> None:
    _garbage(trio, port)
    sent = trio.transmit(tiny_clip)
    assert sent["state"] == "SUCCEEDED", sent["error"]
    assert trio.wait_video(str(sent["id"]))["state"] == "SUCCEEDED"


def _garbage(trio: Trio, port: str) -> None:
    """Sends what is no HTTP/2, and waits until the service hangs up."""
    host, _, number = getattr(trio, port).partition(":")
    with socket.create_connection((host, int(number)), timeout=30) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + np.random.default_rng(0).bytes(4000))
        _wait_for_the_end(connection)


def _wait_for_the_end(connection: socket.socket) -> None:
    try:
        while connection.recv(65_536):
            pass
    except ConnectionResetError:
        return


@pytest.mark.slow
def test_a_transmission_under_way_notices_nothing(tmp_path: Path, short_clip: Path) -> None:
    """It costs what it costs alone, and what is refused takes no place in the queue."""
    clip = tmp_path / "ten_seconds.mp4"
    with VideoWriter(clip, 128, 80, Fraction(1, 24)) as writer:
        for index, picture in enumerate(clip_frames(seed=5, frames=240, width=128, height=80)):
            writer.append(picture, index)
    bounds = {"SEMVID_TRANSMITTER_CONCURRENT_JOBS": "1", "SEMVID_TRANSMITTER_QUEUE_LENGTH": "1"}
    options = json.dumps({"seed": 1, "channel": {"snr_db": 10, "seed": 1}})
    with running(tmp_path, **bounds) as trio:
        answer = trio.submit(clip, options)
        assert answer.status_code == 202, answer.text
        disturbed = str(answer.json()["id"])
        for name in NO_VIDEOS:
            _no_video(trio, tmp_path, name)
        _refused(trio, short_clip, json.dumps({"threshold": 7}))
        _cut_upload(trio, short_clip)
        for port in ("link", "receiver_link"):
            _garbage(trio, port)
        assert trio.transmission(disturbed)["state"] == "RUNNING"
        alone = trio.transmit(clip, options)
        ledgers = [trio.transmission(one)["symbols"] for one in (disturbed, str(alone["id"]))]
        assert alone["state"] == trio.transmission(disturbed)["state"] == "SUCCEEDED"
        assert ledgers[0] == ledgers[1]
        assert trio.wait_video(disturbed)["state"] == "SUCCEEDED"
        trio.assert_serving()


@pytest.mark.parametrize(("width", "height", "frames"), [(1, 1, 3), (35, 21, 12), (64, 48, 1)])
def test_odd_sizes_and_single_frames_are_exact(
    trio: Trio, tmp_path: Path, width: int, height: int, frames: int
) -> None:
    path = tmp_path / "odd.mp4"
    with VideoWriter(path, width, height, Fraction(1, 24)) as writer:
        for index in range(frames):
            writer.append(np.full((height, width, 3), 40 + 10 * index, np.uint8), index)
    _sent_exactly(trio, path, tmp_path)


def test_variable_frame_rate_is_exact(trio: Trio, tmp_path: Path) -> None:
    path = tmp_path / "vfr.mp4"
    stamps = np.cumsum([0, 1, 7, 2, 2, 30, 1, 1, 5, 5, 8, 3])
    with VideoWriter(path, 64, 48, Fraction(1, 90)) as writer:
        for index, stamp in enumerate(stamps):
            writer.append(np.full((48, 64, 3), 20 * index, np.uint8), int(stamp))
    _sent_exactly(trio, path, tmp_path)


def _sent_exactly(trio: Trio, path: Path, folder: Path) -> None:
    sent = trio.transmit(path)
    assert sent["state"] == "SUCCEEDED", sent
    trio.wait_video(str(sent["id"]))
    back = trio.content(str(sent["id"]), folder / "back.mp4")
    source, output = probe(path), probe(back)
    assert (output.width, output.height) == (source.width, source.height)

    def seconds(file: Path) -> list[Fraction]:
        info = probe(file)
        return [frame.pts * info.time_base for frame in read_frames(file, info)]

    assert seconds(back) == seconds(path)
