"""Which frames cross the link as pictures."""

import math
from collections.abc import Callable

from semvid.mllm import Mllm
from semvid.options import TransmissionOptions
from semvid.profile import Given, Profile
from semvid.video.probe import SourceInfo
from transmitter.keyframes.gallop import Gallop
from transmitter.keyframes.gaps import GapTree, Window
from transmitter.keyframes.openings import Openings
from transmitter.keyframes.selection import KeyframeSelector, Selecting, Selection, Told
from transmitter.keyframes.skem import Skem, SkemRules
from transmitter.keyframes.skim import Skim
from transmitter.options import search_of

MIN_GAP_S = 0.1  # between keyframes, cuts and the last frame excepted
MIN_SEGMENT_S = 1.0  # of a segment that is drawn from what opens it, cuts excepted
BRIDGING_STEP_S = 0.13  # between frames that bridging may make keyframes
# Where a gap can be tried, its trial does not see that things lie beside their place in a long one. Only
# below this CBR are fewer, finer keyframes worth that (docs/decisions/0009-pyramid.md).
FAR_BELOW_CBR, NEAR_GAP_S = 1.2e-4, 1.2
_GAP_SHARE = 0.5  # of a latency; the rest is for coding and the link


def make_selector(
    options: TransmissionOptions,
    source: SourceInfo,
    profile: Profile,
    mllm: Mllm | None,
    price: Callable[[], float],
    tell: Told = lambda _: None,
    windows: Callable[[Window], None] = lambda _: None,
) -> KeyframeSelector:
    """The selector that ``options`` ask for, fitted to the source's frame rate and the receiver's decoder.

    Without ``mllm`` no meanings are compared: what is left is cuts, gaps and bridging. ``price`` is asked for
    that of a keyframe whenever density is decided; it may change while the video streams by. ``tell`` hears
    of every comparison, ``windows`` of every window in which bridging might want keyframes.
    """

    def frames(seconds: float) -> int:
        return max(1, round(seconds * source.frame_rate))

    if options.keyframe_method == "skim":
        assert options.keyframe_count is not None
        return Skim(source.frame_count_hint, options.keyframe_count)
    open_ended = options.given is not Given.BOTH_ENDS
    longest_s = min(options.segment_s or profile.longest_gap_s, profile.longest_gap_s)
    if options.latency_s is not None:  # nothing of a gap can be shown before its end
        longest_s = min(longest_s, _GAP_SHARE * options.latency_s)
    if profile.closed_loop and not open_ended and (options.target_cbr or 1.0) >= FAR_BELOW_CBR:
        longest_s = min(longest_s, NEAR_GAP_S)
    rules = SkemRules(
        focus=options.focus,
        rule=options.rule,
        threshold=options.threshold,
        candidate_spacing=frames(options.candidate_spacing_s),
        min_gap=frames(min(MIN_SEGMENT_S, longest_s) if open_ended else MIN_GAP_S),
        max_gap=frames(longest_s),
        max_ticks=longest_s / float(source.time_base) if source.endless else math.inf,
    )
    if open_ended:
        return Openings(None if options.segment_s else mllm, rules, tell)
    tree = None
    if profile.closed_loop:
        tree = GapTree(price, frames(BRIDGING_STEP_S), rules.max_gap, windows)
    if mllm is not None and search_of(options) == "gallop":
        return Gallop(mllm, rules, Skem(None, rules, tree), tell)
    return Skem(mllm, rules, tree, tell)


def selecting(
    options: TransmissionOptions,
    source: SourceInfo,
    profile: Profile,
    mllm: Mllm,
    tell: Told = lambda _: None,
) -> Selecting:
    """Begins what `make_selector` makes; nothing is said beside its keyframes."""
    return lambda price: Selection(make_selector(options, source, profile, mllm, price, tell))
