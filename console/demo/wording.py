"""The report's numbers in plain words."""

from collections.abc import Mapping
from typing import Any

Report = Mapping[str, Any]


def summary(report: Report) -> str:
    """What was sent, how much that is, and over what."""
    samples = 3 * report["frames_in"] * report["width"] * report["height"]
    text = (
        f"{report['total_symbols']:,} channel symbols carried {report['duration_s']:.1f} s of video: "
        f"{percent(report['cbr'])} of the {_large(samples)} sample values of the source. That equals "
        f"{report['symbols_per_second']:,.0f} symbols and {report['kbit_per_second']:.2f} kbit of "
        f"information per second, over {_channel(report)}{_realised(report)}."
    )
    if report["frames_out"] == report["frames_in"]:
        text += f" All {report['frames_in']} frames came out."
    else:
        text += f" {report['frames_out']} of {report['frames_in']} frames came out."
    if missing := report["undecodable_frames"]:
        text += f" {undecodable(missing)}"
    return text


def undecodable(frames: int) -> str:
    """What became of the frames of the source that did not decode."""
    what = "1 frame of the source does" if frames == 1 else f"{frames} frames of the source do"
    return f"{what} not decode; the frames before them are shown longer instead."


def pace(report: Report) -> str:
    """Frame rate, duration, and where the source's own time begins."""
    rate = f"{report['fps']:.4g} frames/s"
    if abs(report["mean_fps"] - report["fps"]) > 0.01 * report["fps"]:
        rate += f" ({report['mean_fps']:.4g} on average)"
    text = f"{rate}, {report['duration_s']:.1f} s"
    if first := report["first_stamp_s"]:
        text += f"; its first time stamp, {first:.3f} s, is 0 here"
    return text


def headline(report: Report) -> list[tuple[str, str]]:
    """Value and meaning of the figures that come first."""
    return [
        (scientific(report["cbr"]), "channel uses per source sample (CBR)"),
        (f"{report['total_symbols']:,}", "channel symbols in all"),
        (
            "a trace" if report["snr_db"] is None else _db(report["snr_db"]),
            f"SNR set; {_db(report['snr_db_realised'])} realised, over all bursts",
        ),
        (_db(report["psnr_db"]), "PSNR, mean over the frames"),
        ("-" if report["ssim"] is None else f"{report['ssim']:.3f}", "SSIM, mean over the frames"),
        (f"{len(report['keyframes'])}", f"keyframes for {report['frames_in']} frames"),
        (
            f"{report['blocks_lost']} of {report['blocks_sent']}",
            f"blocks lost; repeated bursts: {report['retransmissions']}",
        ),
    ]


def selection(report: Report) -> str:
    """Why there are as many keyframes as there are."""
    s_rel = report["s_rel"]
    reasons = ", ".join(
        f"{n} {reason.replace('_', ' ')}" for reason, n in report["keyframes_by_reason"].items()
    )
    text = f"Keyframes by reason: {reasons}."
    if not s_rel["candidates"]:
        return f"{text} No candidate frames were compared."
    score = "P(No)" if s_rel["rule"] == "absolute" else "S_rel"
    passed_over = s_rel["over_threshold"] - s_rel["became_keyframes"]
    asked = report.get("asked") or {}
    why = "lay behind such a one" if asked.get("search") == "gallop" else "came too soon after a keyframe"
    others = f" ({passed_over} {why})" if passed_over else ""
    how = (
        f" ({asked['mllm']}, scoring {asked['scoring']}, prompts {asked['prompts']})"
        if asked.get("scoring")
        else ""
    )
    warnings = "".join(f" Warning: {warning}." for warning in asked.get("warnings", ()))
    return (
        f"The multimodal model{how} compared {s_rel['candidates']} candidates with the keyframe before them "
        f"(focus: {str(s_rel['focus']).replace('_', ' ')}); {s_rel['over_threshold']} had {score} above "
        f"{s_rel['threshold']:g}, {s_rel['became_keyframes']} of them became keyframes for it{others}. "
        f"Lower is more similar. {text} Bridge keyframes stand where the receiver's decoder "
        f"could not have followed the motion on its own.{warnings}"
    )


def closeness(report: Report) -> str:
    """How PSNR and SSIM are meant."""
    text = (
        f"PSNR: {report['metrics']['psnr_db']}. SSIM: {report['metrics']['ssim']}. "
        "Frame i of the output is compared with frame i of the source, nothing is shifted."
    )
    if report["restorer"]:
        text += (
            f" Keyframes are shown as the network {report['restorer']} restores them: fine texture is what "
            "it holds for likely, not what was there."
        )
    if report["synthesiser"]:
        text += (
            f" Between keyframes, the network {report['synthesiser']} corrects what is drawn along their "
            "motion: part of it is what it holds for likely."
        )
    if tokens := report["tokens"]:
        text += (
            f" Keyframes are tokens of {tokens['model']}: {tokens['sent']:,} were sent, {tokens['lost']:,} "
            f"of them lost, and {tokens.get('drawn', 0):,} drawn by the receiver: these are likely, not what "
            "was there."
        )
    if report["metrics"]["identical_frames"]:
        text += f" {report['metrics']['identical_frames']} frames are identical."
    return text


def ledger(report: Report) -> str:
    """What counts as a symbol."""
    spent = report["total_bits"]
    return (
        f"Everything that was sent counts: {report['total_symbols']:,} symbols for {spent:,} information "
        f"bits, {spent / max(1, report['total_symbols']):.2f} bits per symbol with all pilots, control words "
        f"and retransmissions.{_without_bits(report)}{reports_back(report)}"
    )


def _without_bits(report: Report) -> str:
    """What keyframes took that crossed as symbols; empty where they had bits."""
    if report["coding"] != "jscc":
        return ""
    return (
        f" Keyframes crossed with coding jscc: {report['analogue_symbols']:,} of the symbols carry no bits, "
        "and the noise on them is in the pictures."
    )


def reports_back(report: Report) -> str:
    """What reports took on a return link with noise of its own; empty where they were messages."""
    back = report.get("return_link") or {}
    if not back.get("symbols"):
        return ""
    share = back["symbols"] / max(1, report["total_symbols"])
    return (
        f" Return link, in none of these: {back['symbols']:,} symbols of reports ({percent(share)} of what "
        f"was sent); reports that could not be read: {back['reports_unread']}, asked for again: "
        f"{back['polls']} times."
    )


def sound(report: Report) -> str:
    """What was chosen for the sound, what it cost and what became of it; empty where nothing is known."""
    chosen = report["sound"]
    if chosen is None:
        return ""
    if chosen["codec"] == "none":
        return f"No sound was sent: {chosen['reason']}."
    channels = {1: "mono", 2: "stereo"}[chosen["channels"]]
    rate = chosen["bits"] / max(chosen["seconds"], 1e-9)
    expected, needed = f"{chosen['bit_rate'] / 1000:g} kbit/s", f"{rate / 1000:.1f} kbit/s"
    if chosen["codec"] == "text":
        expected, needed = f"{chosen['bit_rate']} bit/s", f"{rate:.0f} bit/s"
    text = (
        f"{chosen['codec'].capitalize()}, {channels}, at {expected} "
        f"({chosen['reason']}): {needed} were needed, and {chosen['symbols']:,} symbols, "
        f"{percent(chosen['share'])} of all, pilots, control words and repetitions included."
    )
    received = chosen["received"]
    if received is None:
        return f"{text} None of it arrived."
    packets = received["packets_received"] + received["packets_lost"]
    lost = received["packets_lost"] + received["packets_undecodable"]
    if not lost:
        return f"{text} All {packets} packets arrived."
    return f"{text} Of {packets} packets {lost} were lost; {received['concealed_s']:.2f} s were made up."


def link(report: Report) -> str:
    """Channel, measured SNR and losses."""
    realised, last = report["snr_db_realised"], report["snr_db_received"]
    text = f"The symbols went over {_channel(report)}."
    if realised is not None:
        text += (
            f" Over the whole transmission the receiver measured {_db(realised)}: mean power of all symbols "
            "against mean noise power, both linear, the noise on the "
            f"{report['known_symbols']:,} symbols that it knew, pilots and what was decoded. "
            f"In the last burst alone it was {_db(last)}."
        )
    return (
        f"{text} A burst is what crosses at once, a block what is sent and repeated until it has arrived. "
        f"Bursts sent, sounding included: {report['bursts_sent']}, of which repeats: "
        f"{report['retransmissions']}. Blocks lost for good: {report['blocks_lost']} of "
        f"{report['blocks_sent']}."
    )


def layers(report: Report) -> str:
    """What became of the keyframes of each layer; empty where there is only one."""
    if len(report["layers"]) < 2:
        return ""
    parts = []
    for number, layer in report["layers"].items():
        name = "anchors" if number == "0" else f"layer {number}"
        sent = f"{layer['sent']} in {layer['bytes']:,} bytes"
        fates = [f"{layer[fate]} {fate.replace('_', ' ')}" for fate in ("given_up", "lost") if layer[fate]]
        parts.append(f"{name}: {', '.join([sent, *fates])}")
    return f"Keyframes by importance, {'; '.join(parts)}."


def percent(ratio: float) -> str:
    """A small ratio as a percentage with three significant digits, never in powers of ten."""
    value = 100 * ratio
    if value == 0:
        return "0 %"
    digits = 2
    while value < 10 ** (2 - digits) and digits < 12:
        digits += 1
    return f"{value:.{digits}f} %"


def scientific(value: float) -> str:
    """Like ``4.2e-4``."""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def waveform(report: Report) -> str:
    """How symbols became a signal."""
    facts = report["waveform"]
    if facts["name"] != "ofdm":
        return "A single carrier: one symbol after the other."
    grid = f"{facts['subcarriers']} subcarriers {facts['spacing_khz']:g} kHz apart"
    prefix = f"{facts['cyclic_prefix_us']:.3g} us, {facts['cyclic_prefix_samples']:g} samples"
    return (
        f"OFDM, {facts['resource_blocks']} resource blocks ({grid}, numerology {facts['numerology']}). Every "
        "resource element of a burst counts as a symbol, pilots and the filler of the last OFDM symbol too. "
        f"The cyclic prefix does not: it is {prefix} before {facts['fft_size']}, and takes "
        f"{percent(facts['cyclic_prefix_share'])} of the time on the air."
    )


def gains(report: Report) -> str:
    """What the plot of the channel's gain shows."""
    over = "over time, and over frequency" if report["gains"]["bands"] > 1 else "over time"
    return (
        f"The channel's gain as the receiver estimated it, {over}, in the order in which symbols were sent. "
        f"{waveform(report)}"
    )


def _channel(report: Report) -> str:
    names = {
        "awgn": "an AWGN channel",
        "rayleigh": "a Rayleigh fading channel",
        "rician": "a Rician fading channel",
    }
    name = names.get(report["channel_model"], f"the channel {report['channel_model']!r}")
    return (
        f"{name} whose SNR follows a trace"
        if report["snr_db"] is None
        else f"{name} at {_db(report['snr_db'])}"
    )


def _realised(report: Report) -> str:
    value = report.get("snr_db_realised")
    return "" if value is None else f" ({_db(value)} realised)"


def _db(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} dB"


def _large(number: int) -> str:
    for size, name in ((10**9, "billion"), (10**6, "million")):
        if number >= size:
            return f"{number / size:.3g} {name}"
    return f"{number:,}"
