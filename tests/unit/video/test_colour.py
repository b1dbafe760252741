from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, VideoReformatter

from semvid.errors import UnsupportedMedia
from semvid.video.colour import _SCALER, to_rgb
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.remarks import remarks
from semvid.video.tone_mapping import tone_map
from semvid.video.writer import VideoWriter
from tests.unit.video.patches import SIDE, shown, write_codes, write_patches

GREYS = [(v, v, v) for v in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.75, 0.85, 1.0)]
STRONG = [(0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.75, 0.0, 0.0), (0.0, 0.75, 0.0), (0.5, 0.2, 0.05)]
# As Chromium 156 draws the same patches (AV1, 10 bits) into a canvas of sRGB. Blue is left out: its software
# decoder's YUV to RGB saturates the blue coefficient of BT.709 and BT.2020 (2.11 and 2.14, as 2).
CHROMIUM = {
    18: [0, 8, 31, 53, 76, 99, 142, 187, 220, 254],
    16: [0, 2, 18, 43, 80, 130, 221, 254, 255, 255],
    5: [0, 5, 27, 52, 77, 105, 148, 178, 208, 254],
    8: [0, 89, 124, 149, 169, 188, 210, 225, 238, 254],
    14: [0, 25, 51, 76, 101, 127, 165, 191, 216, 254],
}
CHROMIUM_STRONG = {
    (9, 18): [(110, 0, 0), (0, 102, 0), (208, 0, 0), (0, 193, 0), (111, 18, 0)],
    (9, 16): [(164, 0, 0), (0, 140, 0), (255, 0, 0), (0, 255, 0), (163, 0, 0)],
    (9, 14): [(160, 0, 0), (0, 136, 0), (239, 0, 0), (0, 203, 0), (156, 27, 0)],
}
TO_709 = {  # linear light; as published (ITU-R BT.2407-0, SMPTE RP 177, CSS Color 4)
    9: [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    12: [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]],
    6: [[0.9395, 0.0502, 0.0103], [0.0178, 0.9658, 0.0164], [-0.0016, -0.0044, 1.0060]],
    5: [[1.0440, -0.0440, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0118, 0.9882]],
}


def srgb(light):
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def srgb_light(value):
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def hdr_to_srgb(rgb, transfer, peak_cd_m2=1000.0):
    """Straight from BT.2100 and from the definition of the curve, looked up point by point."""
    value = np.array(rgb)
    if transfer == 16:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        root = value ** (1 / m2)
        light = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    else:
        scene = np.where(
            value <= 0.5, value**2 / 3, (np.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
        )
        light = 1000 * (scene @ [0.2627, 0.6780, 0.0593]) ** 0.2 * scene
    light = light / 203
    peak = peak_cd_m2 / 203
    white = 1 - 0.5 * min(np.log2(peak) / np.log2(1000 / 203), 1)
    t = np.linspace(0, 1, 100_001)
    corner = np.array([1 / white, 1.0])
    begin, end = np.array([1, white]), np.array([peak, 1])
    middle = 0.35 * begin + 0.65 * corner
    curve = np.outer((1 - t) ** 2, begin) + np.outer(2 * t * (1 - t), middle) + np.outer(t * t, end)
    largest = light.max()
    toned = white * largest if largest <= 1 else np.interp(largest, curve[:, 0], curve[:, 1])
    return srgb(TO_709[9] @ (light * (toned / largest if largest else 0)))


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_shown_as_a_browser_shows_it(tmp_path, transfer):
    info, seen = shown(write_patches(tmp_path / "a.mkv", [*GREYS, *STRONG], (9, 9, transfer, 1)))
    expected = [[v] * 3 for v in CHROMIUM[transfer]] + [list(v) for v in CHROMIUM_STRONG[9, transfer]]
    assert np.abs(np.array(seen) - expected).max() <= 3
    assert info.colour.hdr
    (remark,) = remarks(info)
    assert "tone-mapped to BT.709" in remark
    assert {16: "PQ", 18: "HLG"}[transfer] in remark


@pytest.mark.parametrize("transfer", [16, 18])
@pytest.mark.parametrize(
    ("pixel_format", "full"), [("yuv420p10le", 1), ("yuv444p12le", 2), ("yuv422p10le", 2), ("yuv444p", 1)]
)
def test_hdr_by_the_numbers(tmp_path, transfer, pixel_format, full):
    colours = np.random.default_rng(transfer).uniform(0.1, 0.7, (24, 3)).tolist()
    _, seen = shown(write_patches(tmp_path / "a.mkv", colours, (9, 9, transfer, full), pixel_format))
    expected = [hdr_to_srgb(rgb, transfer) for rgb in colours]
    coarse = 8 if pixel_format == "yuv444p" else 2.5  # one step of 8 bits in PQ is several of sRGB
    assert np.abs(np.array(seen) - expected).max() <= coarse


@pytest.mark.parametrize(
    ("params", "peak"),
    [
        ("max-cll=4000,400", 4000),
        ("master-display=G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(6000000,1)", 600),
        ("max-cll=200,80", 200),
        ("", 1000),
    ],
)
def test_the_peak_that_a_pq_source_states_is_white(tmp_path, params, peak):
    """In HEVC, as phones and cameras write it: in SEI messages."""
    path = write_patches(
        tmp_path / "a.mp4", [*GREYS[1:6], (0.6, 0.3, 0.2)], (9, 9, 16, 1), codec="libx265",
        options={"x265-params": f"lossless=1:bframes=0:log-level=none:{params}", "preset": "ultrafast"},
    )  # fmt: skip
    info, seen = shown(path)
    assert info.colour.peak == peak
    expected = [hdr_to_srgb(rgb, 16, peak) if peak > 203 else None for rgb in [*GREYS[1:6], (0.6, 0.3, 0.2)]]
    if peak > 203:
        assert np.abs(np.array(seen) - expected).max() <= 3
    else:  # nothing is compressed: half the light of PQ's 100 cd/m2 is not half of SDR's
        assert seen[4][0] == pytest.approx(srgb(92.2457 / 203), abs=2)


@pytest.mark.parametrize("peak", [1.0001, 1.5, 4.926, 20.0, 49.3])
def test_the_tone_curve_rises_to_white_without_a_step(peak):
    light = np.linspace(0, peak, 20_001)
    toned = tone_map(light, peak)
    assert (np.diff(toned) > 0).all()
    assert np.diff(toned).max() < 2 * peak / 20_000
    assert toned[0] == 0
    assert toned[-1] == pytest.approx(1)
    assert tone_map(np.array([2 * peak]), peak) == pytest.approx(1)


@pytest.mark.parametrize(("matrix", "primaries"), [(9, 9), (1, 12), (6, 6), (5, 5)])
def test_sdr_of_other_primaries_is_converted(tmp_path, matrix, primaries):
    colours = [
        *np.random.default_rng(primaries).uniform(0.1, 0.9, (20, 3)).tolist(),
        (1, 1, 1),
        (0.5, 0.5, 0.5),
    ]
    path = write_patches(tmp_path / "a.mkv", colours, (matrix, primaries, 1, 1), "yuv444p10le")
    info, seen = shown(path)
    expected = [srgb(TO_709[primaries] @ srgb_light(np.array(rgb))) for rgb in colours]
    assert np.abs(np.array(seen) - expected).max() <= 2
    assert np.abs(np.array(seen) - 255 * np.array(colours)).max() > 5
    assert "were converted to BT.709" in remarks(info)[0]


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 5), (1, 8), (9, 14)])
def test_sdr_is_shown_as_a_browser_shows_it(tmp_path, primaries, transfer):
    matrix = 9 if primaries == 9 else 1
    _, seen = shown(write_patches(tmp_path / "a.mkv", GREYS, (matrix, primaries, transfer, 1)))
    assert np.abs(np.array(seen) - np.array(CHROMIUM[transfer])[:, None]).max() <= 3
    if primaries == 9:
        _, seen = shown(write_patches(tmp_path / "b.mkv", STRONG, (matrix, primaries, transfer, 1)))
        assert np.abs(np.array(seen) - CHROMIUM_STRONG[9, 14]).max() <= 3


def test_white_stays_white_in_every_space_of_colour(tmp_path):
    for primaries in (4, 7, 8, 10, 11, 22):
        _, seen = shown(write_patches(tmp_path / "a.mkv", [(1, 1, 1), (0.5, 0.5, 0.5)], (1, primaries, 1, 1)))
        assert np.abs(np.array(seen) - [[255] * 3, [128] * 3]).max() <= 1


@pytest.mark.parametrize("pixel_format", ["yuv444p", "yuv420p", "yuv444p10le", "yuv420p12le"])
@pytest.mark.parametrize("full", [1, 2])
@pytest.mark.parametrize("matrix", [1, 4, 5, 7, 8, 9, 12])
def test_every_matrix_and_range(tmp_path, matrix, full, pixel_format):
    colours = [*np.random.default_rng(matrix).uniform(0.05, 0.95, (12, 3)).tolist(), (0, 0, 0), (1, 1, 1)]
    info, seen = shown(write_patches(tmp_path / "a.mkv", colours, (matrix, 1, 1, full), pixel_format))
    assert np.abs(np.array(seen) - 255 * np.array(colours)).max() <= (
        2.6 if pixel_format.endswith("p") else 1.2
    )
    assert info.colour.describe()["range"] == ("full" if full == 2 else "limited")
    assert remarks(info) == []


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1"])
def test_ycgco_is_decoded_whatever_carries_it(tmp_path, codec):
    colours = [(0.8, 0.2, 0.2), (0.2, 0.8, 0.2), (0.2, 0.2, 0.8), (0.6, 0.6, 0.6)]
    options = {
        "libx264": {"qp": "0"},
        "libx265": {"x265-params": "lossless=1:bframes=0:log-level=none"},
        "libsvtav1": {"crf": "1", "preset": "10"},
    }
    path = write_patches(
        tmp_path / "a.mp4", colours, (8, 1, 1, 1), "yuv420p", codec=codec, options=options[codec]
    )
    _, seen = shown(path)
    assert np.abs(np.array(seen) - 255 * np.array(colours)).max() <= (8 if codec == "libsvtav1" else 2.6)


@pytest.mark.parametrize(
    ("matrix", "name"),
    [
        (10, "BT.2020 constant luminance"),
        (11, "SMPTE ST 2085"),
        (13, "constant luminance derived"),
        (14, "ICtCp"),
        (15, "IPT-PQ-C2"),
        (16, "YCgCo-Re"),
        (17, "YCgCo-Ro"),
    ],
)
def test_other_matrices_are_refused_before_any_work(tmp_path, matrix, name):
    path = write_codes(tmp_path / "a.mkv", [(100, 120, 130)], "yuv420p", (matrix, 9, 16, 1))
    with pytest.raises(UnsupportedMedia, match=rf"number {matrix} of .*{name}.*export"):
        probe(path)


@pytest.mark.parametrize(
    ("pixel_format", "codec", "code_range", "black", "white"),
    [
        ("gray", "libx264", 1, 16, 235),
        ("gray", "libx265", 1, 16, 235),
        ("gray", "libx265", 2, 0, 255),
        ("gray10le", "libx265", 1, 64, 940),
        ("gray12le", "libx265", 2, 0, 4095),
        ("gray16le", "ffv1", 2, 0, 65_535),
        ("gbrp", "libx265", 1, 16, 235),
        ("gbrp", "libx265", 2, 0, 255),
        ("gbrp10le", "libx265", 1, 64, 940),
    ],
)
def test_grey_and_rgb_keep_their_range(tmp_path, pixel_format, codec, code_range, black, white):
    """swscale takes both for full whatever they are tagged with."""
    x265 = {"x265-params": "lossless=1:bframes=0:log-level=none"}
    options = {"libx264": {"qp": "0"}, "libx265": x265, "ffv1": None}
    middle = (black + white) // 2
    planes = 1 if pixel_format.startswith("gray") else 3
    patches = [(code,) * planes for code in (black, middle, white)]
    tags = (0 if planes == 3 else 2, 1, 1, code_range)
    path = write_codes(
        tmp_path / "a.mkv", patches, pixel_format, tags, codec=codec, options=options[codec], frames=3
    )
    _, seen = shown(path)
    expected = [[0] * 3, [255 * (middle - black) / (white - black)] * 3, [255] * 3]
    assert np.abs(np.array(seen) - expected).max() <= 1


@pytest.mark.parametrize(
    ("tags", "matrix", "primaries"),
    [
        ((2, 2, 18, 1), 9, 9),
        ((2, 9, 16, 1), 9, 9),
        ((9, 2, 1, 1), 9, 9),
        ((2, 2, 2, 1), 6, 1),
        ((1, 2, 2, 1), 1, 1),
        ((0, 1, 1, 1), 6, 1),
    ],
)
def test_what_is_left_open_is_taken_as_players_take_it(tmp_path, tags, matrix, primaries):
    path = write_codes(tmp_path / "a.mkv", [(400, 500, 600)], "yuv420p10le", tags)
    colour = probe(path).colour
    assert (colour.matrix, colour.primaries) == (matrix, primaries)


@pytest.mark.parametrize("tags", [(1, 1, 1, 1), (6, 1, 6, 1), (2, 2, 2, 0), (1, 1, 13, 2)])
def test_ordinary_sdr_is_left_to_swscale_bit_for_bit(tmp_path, tags):
    patches = np.random.default_rng(3).integers(40, 200, (20, 3)).tolist()
    path = write_codes(tmp_path / "a.mkv", patches, "yuv420p", tags)
    info = probe(path)
    (picture, *_) = (frame.picture for frame in read_frames(path, info))
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        plain = VideoReformatter().reformat(
            frame, format="rgb24", dst_color_range=ColorRange.JPEG, interpolation=_SCALER
        )
    np.testing.assert_array_equal(picture, plain.to_ndarray())
    assert picture.shape == (SIDE, 20 * SIDE, 3)


def test_the_output_says_what_it_is_in_the_container_and_in_the_stream(tmp_path):
    path, raw = tmp_path / "a.mp4", tmp_path / "a.h264"
    with VideoWriter(path, 64, 64, Fraction(1, 1000)) as writer:
        for index in range(3):
            writer.append(np.full((64, 64, 3), 90, np.uint8), 40 * index)
    assert b"colrnclx\x00\x01\x00\x01\x00\x01\x00" in path.read_bytes()
    with av.open(str(path)) as source, av.open(str(raw), "w", format="h264") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.size:
                packet.stream = copy
                target.mux_one(packet)
    with av.open(str(raw), format="h264") as stream_alone:
        frame = next(stream_alone.decode(video=0))
    assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (1, 1, 1, 1)


@pytest.mark.parametrize("tags", [(1, 1, 1, 1), (9, 9, 18, 1), (8, 12, 1, 2)])
def test_how_samples_are_laid_out_makes_no_difference(tags):
    """Packed, semi-planar, with alpha: the same samples are the same colour."""
    reformatter = VideoReformatter()
    for reference, layouts in {
        "yuv444p": ("yuva444p", "nv24", "vuya", "yuva422p", "yuyv422", "uyvy422", "nv12", "yuva420p"),
        "yuv444p10le": ("yuva444p10le", "yuv420p10le"),
        "gbrp": ("rgb24", "bgra", "gbrap", "0rgb"),
        "gray": ("ya8",),
    }.items():
        pictures = []
        for pixel_format in (reference, *layouts):
            frame = av.VideoFrame(32, 16, pixel_format)
            for plane in frame.planes:  # the same byte everywhere, whichever sample it belongs to
                plane.update(
                    (b"\x60\x01" if "10" in pixel_format else b"\x60\x60") * (plane.buffer_size // 2)
                )
            frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = tags
            pictures.append(to_rgb(frame, reformatter)[8, 8].astype(int))
        assert np.abs(np.array(pictures) - pictures[0]).max() <= 1, reference
