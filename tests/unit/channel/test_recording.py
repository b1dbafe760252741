"""SigMF recordings: valid by the format's own rules, and read back as they were written."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sigmf
from hypothesis import given, settings
from hypothesis import strategies as st

from channel.air import Arrived, Sent
from channel.conditions import Conditions
from channel.emulated_air import EmulatedAir
from channel.recording import Recordings
from channel.registry import Registry
from semvid.errors import Conflict, InvalidInput
from semvid.link.iq_export import export
from semvid.link.recording import Recording
from semvid.phy.radio.frame import preamble_symbols
from semvid.phy.radio.search import Search
from semvid.waveform import SINGLE_CARRIER, Ofdm, RadioFrame, SingleCarrier
from semvid.wire.v1 import link_pb2 as pb
from tests.radio_air import qpsk, snr_db

SIZES = (56, 700, 48)


def recorded(folder, waveform=SINGLE_CARRIER, name="abc"):
    """Makes a recording of three bursts; the symbols that were received, and the path of the metadata."""
    registry = Registry(Conditions(), 4)
    rng, came = np.random.default_rng(1), []
    with registry.transmission(name, None):
        recorder = Recordings(folder).begin(pb.Open(transmission_id=name), waveform, EmulatedAir(registry))
        for number, size in enumerate(SIZES):
            sent = qpsk(size, rng)
            came.append((sent * np.complex64(0.5j)).astype(np.complex64))
            burst = Sent(name, sent, number, 0, waveform)
            recorder.add(burst, Arrived(came[-1], {"model": "awgn", "snr_db": 10.0}))
        recorder.close()
    return came, folder / f"{name}-1-received.sigmf-meta"


@pytest.mark.parametrize("waveform", [SINGLE_CARRIER, Ofdm(1, 2), SingleCarrier(RadioFrame(64, 16, 512))])
def test_a_recording_is_valid_and_comes_back_as_it_was(tmp_path, waveform):
    came, path = recorded(tmp_path, waveform)
    file = sigmf.fromfile(str(path))
    file.validate()
    assert len(file) == sum(SIZES)
    opened = Recording.open(path)
    assert (opened.transmission_id, opened.attempt, opened.waveform) == ("abc", 1, waveform)
    rate_hz = waveform.subcarriers / waveform.symbol_s if isinstance(waveform, Ofdm) else 1e6
    assert opened.symbol_rate_hz == pytest.approx(rate_hz)
    for one, other in zip(came, opened.symbols(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [one["semvid:sequence"] for one in opened.remarks] == [0, 1, 2]
    assert {one["semvid:snr_db"] for one in opened.remarks} == {10.0}
    sent = Recording.open(tmp_path / "abc-1-sent.sigmf-meta")
    np.testing.assert_allclose(next(sent.symbols()) * 0.5j, came[0], atol=1e-6)
    assert sorted(one.suffix for one in tmp_path.iterdir()) == [
        ".sigmf-data",
        ".sigmf-data",
        ".sigmf-meta",
        ".sigmf-meta",
    ]


def test_a_recording_is_not_written_over(tmp_path):
    recorded(tmp_path)
    with pytest.raises(Conflict, match="is there; move it away"):
        recorded(tmp_path)


def test_without_a_folder_nothing_is_recorded(tmp_path):
    recorder = Recordings(None).begin(
        pb.Open(transmission_id="x"), SINGLE_CARRIER, EmulatedAir(Registry(Conditions(), 1))
    )
    recorder.add(
        Sent("x", qpsk(4, np.random.default_rng(0)), 0, 0, SINGLE_CARRIER),
        Arrived(np.zeros(4, np.complex64), {}),
    )
    recorder.close()
    assert not list(tmp_path.iterdir())


def broken(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["annotations"].clear(), "has 0 bursts"),
        (
            lambda d: d["annotations"][2].update({"core:sample_count": 900}),
            "a burst of 900 symbols from 756 on",
        ),
        (lambda d: d["annotations"][0].update({"core:sample_count": 0}), "a burst of 0 symbols"),
        (lambda d: d["global"].pop("semvid:transmission_id"), "not of a transmission"),
        (lambda d: d["global"].update({"semvid:attempt": True}), "True for semvid:attempt"),
        (lambda d: d["global"].update({"semvid:ofdm": {"x": 1}}), "does not say how it was sent"),
        (lambda d: d["global"].update({"semvid:radio": {"preamble": 3}}), "preamble must lie in"),
        (lambda d: d["global"].update({"core:sha512": "0" * 128}), "is no SigMF recording"),
        (lambda d: d.pop("global"), "is no SigMF recording"),
    ],
)
def test_one_that_is_not_whole_is_refused_and_says_why(tmp_path, change, said):
    _, path = recorded(tmp_path)
    with pytest.raises(InvalidInput, match=said):
        Recording.open(broken(path, change))


@settings(max_examples=25)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda v: (
            st.lists(v)
            | st.dictionaries(
                st.sampled_from(["global", "captures", "annotations", "core:datatype", "core:version"]), v
            )
        ),
    )
)
def test_whatever_json_there_is_it_is_refused_in_one_sentence(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "one.sigmf-meta"
    path.write_text(json.dumps(value))
    path.with_suffix(".sigmf-data").write_bytes(bytes(16))
    with pytest.raises(InvalidInput, match="recording: "):
        Recording.open(path)


def test_a_name_that_is_no_recording_is_refused(tmp_path):
    for path in (tmp_path / "none.sigmf-meta", tmp_path):
        with pytest.raises(InvalidInput, match="name the metadata"):
            Recording.open(path)


def test_exported_samples_are_valid_within_their_peak_and_every_burst_is_found_in_them(tmp_path):
    recorded(tmp_path)
    recording = Recording.open(tmp_path / "abc-1-sent.sigmf-meta")
    made = export(recording, tmp_path / "out.sigmf-meta", samples_per_symbol=4, peak=0.7, gap_s=0.001)
    file = sigmf.fromfile(str(made.meta))
    file.validate()
    samples = file.read_samples()
    assert made.samples == len(samples)
    assert made.sample_rate_hz == file.get_global_field("core:sample_rate") == 4e6
    assert np.abs(samples).max() == pytest.approx(0.7, rel=1e-5)
    frame = RadioFrame()
    assert len(preamble_symbols(frame, 0)) == frame.preamble
    for number, (annotation, sent) in enumerate(
        zip(file.get_annotations(), recording.symbols(), strict=True)
    ):
        start = annotation["core:sample_start"] - 2000
        search = Search(frame, len(sent), number, 4)
        came = search.take(np.concatenate([samples[start : start + 8000], np.zeros(2000, np.complex64)]))
        assert came is not None
        assert snr_db(sent, came.symbols) > 40
        assert search.found.time == pytest.approx(annotation["semvid:first_symbol"] - start, abs=0.05)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"samples_per_symbol": 1}, r"2\.\.16, got 1"),
        ({"peak": 0.0}, "got 0 and"),
        ({"gap_s": -1.0}, "and -1"),
    ],
)
def test_an_export_that_cannot_be_is_refused(tmp_path, asked, said):
    recorded(tmp_path)
    recording = Recording.open(tmp_path / "abc-1-sent.sigmf-meta")
    with pytest.raises(InvalidInput, match=said):
        export(recording, tmp_path / "out.sigmf-meta", **asked)
    with pytest.raises(InvalidInput, match=r"must end in \.sigmf-meta"):
        export(recording, tmp_path / "out.cf32")


def test_ofdm_is_not_exported(tmp_path):
    _, path = recorded(tmp_path, Ofdm(0, 1))
    with pytest.raises(InvalidInput, match="export a single carrier"):
        export(Recording.open(path), tmp_path / "out.sigmf-meta")
