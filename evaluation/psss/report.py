"""Both experiments in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from evaluation.bench.report.table import markdown
from evaluation.psss import keyframes, replacement
from evaluation.psss.intervals import Interval, keyframe_verdict, prediction_verdict
from semvid.options import Focus

_NAMES: Final = {
    "objects_found": "objects found",
    "embedding_coverage": "embedding coverage",
    "nearest_class": "nearest class",
    "depth_rank": "depth, rank correlation",
    "lpips": "LPIPS (lower is better)",
    "embedding_cosine": "cosine of what is shown",
    "flow_epe": "flow error, px (lower is better)",
    "symbols": "symbols",
}
_WAYS: Final = {
    "uncoded": ("Keyframes at equal number, uncoded", keyframes.COUNTS),
    "link": ("Keyframes at equal number, over the link", keyframes.LINK_COUNTS),
}

Records = Sequence[Mapping[str, Any]]


def keyframe_signs(records: Records, way: str, rivals: Sequence[str]) -> dict[str, dict[str, int]]:
    """Better (1), worse (-1) or neither, by rival and decisive measure that some clip has."""
    found = {name: keyframes.differences(records, way, name) for name in keyframes.DECISIVE}
    return {rival: {name: differ[rival].sign for name, differ in found.items() if differ} for rival in rivals}


def prediction_signs(records: Records) -> dict[str, dict[str, int]]:
    """Whether S_rel beats a predictor, by task whose output changes in some clip and decisive predictor."""
    found = {task: replacement.differences(records, task) for task in replacement.FOCUS_OF}
    return {
        task: {name: differ[name].sign for name in replacement.DECISIVE}
        for task, differ in found.items()
        if differ
    }


def verdicts(chosen: Records, replaced: Records) -> dict[str, str]:
    """Yes, partly or no, for both experiments and for what is said beside them (docs/psss.md)."""
    main = ("uniform", "random")
    return {
        "keyframes": keyframe_verdict(keyframe_signs(chosen, "uncoded", main)),
        "keyframes against bridging": keyframe_verdict(keyframe_signs(chosen, "uncoded", ("bridging",))),
        "keyframes over the link": keyframe_verdict(keyframe_signs(chosen, "link", main)),
        "prediction": prediction_verdict(prediction_signs(replaced)),
    }


def summary(chosen: Records, replaced: Records) -> dict[str, Any]:
    """Every interval, JSON-ready."""
    ways = {
        way: {
            name: {
                "means": _resources(keyframes.means(chosen, way, name)),
                "psss minus": _resources(keyframes.differences(chosen, way, name)),
            }
            for name in (*keyframes.DECISIVE, *keyframes.REPORTED)
        }
        for way in _WAYS
    }
    tasks = {
        task: {
            "means": _resources(replacement.means(replaced, task)),
            "S_rel minus": _resources(replacement.differences(replaced, task)),
        }
        for task in replacement.FOCUS_OF
    }
    return {"keyframes": ways, "prediction": tasks}


def text(chosen: Records, replaced: Records, made: Mapping[str, Any]) -> str:
    """The report."""
    found = verdicts(chosen, replaced)
    clips = len({record["clip"] for record in chosen})
    filled = [record["filled"] for record in chosen if record["way"] == "uncoded" and "filled" in record]
    asked = f"{sum(map(bool, filled))} of {len(filled)}"
    lines = [
        "# Does the score mean anything?",
        "",
        f"`{made['command']}`, commit {made['commit']}, {made['date']}, model {made['mllm']}. The criterion "
        "was written down before: [docs/psss.md](../docs/psss.md). In brackets 95 % bootstrap intervals over "
        "clips; differences are paired by clip; **bold** excludes zero.",
        "",
        *(f"- {name}: **{verdict}**" for name, verdict in found.items()),
        "",
        f"{clips} pieces of clips for keyframes, {len(replaced)} clips for prediction. In {asked} cases no "
        "threshold gave the wanted number of keyframes, and the best of the rest were taken.",
        "",
    ]
    for way, (title, counts) in _WAYS.items():
        lines += [f"## {title} ({', '.join(map(str, counts))})", "", *_keyframe_table(chosen, way), ""]
    lines += ["## Rank correlation with what a task loses", ""]
    lines += [*_prediction_table(replaced), "", "S_rel with the focus of the task, minus the predictor:", ""]
    return "\n".join([*lines, *_difference_table(replaced), ""])


def _keyframe_table(records: Records, way: str) -> list[str]:
    rows = []
    for name in (*keyframes.DECISIVE, *keyframes.REPORTED):
        mean, differ = keyframes.means(records, way, name), keyframes.differences(records, way, name)
        if mean:
            digits = 0 if name == "symbols" else 3
            rows.append(
                [
                    f"{_NAMES[name]} ({mean['psss'].clips})",
                    *(f"{mean[chooser].mean:.{digits}f}" for chooser in ("psss", *keyframes.RIVALS)),
                    *(_difference(differ[rival], digits) for rival in keyframes.RIVALS),
                ]
            )
    rivals = [f"psss minus {rival}" for rival in keyframes.RIVALS]
    return markdown(["measure (clips)", "psss", *keyframes.RIVALS, *rivals], rows)


def _prediction_table(records: Records) -> list[str]:
    found = {task: replacement.means(records, task) for task in replacement.FOCUS_OF}
    heads = [
        f"{task} ({max((one.clips for one in means.values()), default=0)} clips)"
        for task, means in found.items()
    ]
    names = (*map(replacement.predictor_of, Focus), *replacement.DECISIVE, *replacement.REPORTED)
    rows = [[name, *(_mean(found[task].get(name)) for task in found)] for name in names]
    return markdown(["predictor", *heads], rows)


def _difference_table(records: Records) -> list[str]:
    found = {task: replacement.differences(records, task) for task in replacement.FOCUS_OF}
    heads = [f"{task}, focus {Focus(focus).value}" for task, focus in replacement.FOCUS_OF.items()]
    names = (*replacement.DECISIVE, *replacement.REPORTED)
    rows = [[name, *(_difference(found[task].get(name), 3) for task in found)] for name in names]
    return markdown(["predictor", *heads], rows)


def _mean(found: Interval | None) -> str:
    if found is None:
        return "-"
    return f"{found.mean:.3f} ({found.low:.2f} to {found.high:.2f})"


def _difference(found: Interval | None, digits: int) -> str:
    if found is None:
        return "-"
    shown = f"{found.mean:+.{digits}f} ({found.low:+.{digits}f} to {found.high:+.{digits}f})"
    return f"**{shown}**" if found.sign else shown


def _resources(found: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: one.resource() for name, one in found.items()}
