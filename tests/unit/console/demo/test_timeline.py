from __future__ import annotations

from console.demo.timeline import Timeline

SEGMENTS = [
    {"first_frame": 0, "last_frame": 0, "provenance": "received", "caption": "one"},
    {"first_frame": 1, "last_frame": 9, "provenance": "regenerated", "caption": "one"},
    {"first_frame": 10, "last_frame": 19, "provenance": "concealed", "caption": None},
    {"first_frame": 20, "last_frame": 20, "provenance": "received"},
]
KEYFRAMES = [{"frame": f, "reason": "semantic"} for f in (0, 10, 20)]


def test_the_receiver_decides_where_a_frame_came_from() -> None:
    timeline = Timeline(SEGMENTS, KEYFRAMES)
    assert timeline.provenance(0) == "received"
    assert timeline.provenance(1) == timeline.provenance(9) == "regenerated"
    assert timeline.provenance(10) == "concealed"  # this keyframe was sent but never arrived
    assert timeline.provenance(20) == "received"
    assert timeline.provenance(21) == "concealed"  # no run reaches that far


def test_order_does_not_matter_and_captions_are_text() -> None:
    timeline = Timeline(SEGMENTS[::-1], KEYFRAMES)
    assert [span.first for span in timeline.spans] == [0, 1, 10, 20]
    assert [span.caption for span in timeline.spans] == ["one", "one", "", ""]


def test_without_segments_everything_is_concealed() -> None:
    timeline = Timeline([], KEYFRAMES)
    assert (timeline.span(3), timeline.provenance(3), timeline.provenance(10)) == (
        None,
        "concealed",
        "concealed",
    )
