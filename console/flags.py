"""The options of a transmission as flags: names, kinds, ranges and help come from `semvid.options`."""

import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from semvid.channel_options import ChannelOptions
from semvid.errors import InvalidInput
from semvid.options import TransmissionOptions, refusal
from semvid.snr_trace import with_trace


def _fields() -> Iterator[tuple[str, str, FieldInfo]]:
    """Parameter, place in the options, and field.

    One seed is enough for a command line, and the points of a trace come from the file of ``trace:FILE``.
    """
    for name, field in ChannelOptions.model_fields.items():
        if name not in ("seed", "snr_trace"):
            yield "channel" if name == "model" else name, f"channel.{name}", field
    for name, field in TransmissionOptions.model_fields.items():
        if name != "channel":
            yield name, name, field


def _flag(parameter: str) -> str:
    return "--" + parameter.removesuffix("_s").replace("_", "-")


_FLAGS: Final = {place: _flag(parameter) for parameter, place, _ in _fields()}


def option_flags(
    without: Collection[str] = (), defaults: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command a flag for every option; it takes what was given as ``options``, see `given`.

    Args:
        without: parameters of options that the command decides itself.
        defaults: by parameter; options not in here are left to the service where they are not given.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "options"
        ]
        flags = [
            inspect.Parameter(
                parameter,
                inspect.Parameter.KEYWORD_ONLY,
                default=(defaults or {}).get(parameter),
                annotation=_annotation(parameter, field),
            )
            for parameter, _, field in _fields()
            if parameter not in without
        ]

        @functools.wraps(command)
        def run(**values: Any) -> None:
            mine = {parameter.name: values.pop(parameter.name) for parameter in own}
            command(**mine, options=given(**values))

        parameters = [*(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own), *flags]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def given(**values: Any) -> dict[str, Any]:
    """The options whose values are not None, checked and JSON-ready; those of the channel under ``channel``.

    Raises:
        InvalidInput: a value out of range, or options that contradict each other; names their flags. A trace
            that cannot be read.
    """
    options: dict[str, Any] = {}
    for parameter, place, _ in _fields():
        if (value := values.get(parameter)) is not None:
            *group, name = place.split(".")
            content = _lines(parameter, value) if isinstance(value, Path) else value
            (options.setdefault("channel", {}) if group else options)[name] = content
    channel = options.get("channel", {})
    if "model" in channel:
        channel["model"], trace = with_trace(channel["model"])
        if trace is not None:
            channel["snr_trace"] = trace
    try:
        checked = TransmissionOptions.model_validate(options)
    except ValidationError as error:
        raise refusal(error, _spelled) from error
    return checked.model_dump(mode="json", exclude_unset=True)


def _annotation(parameter: str, field: FieldInfo) -> Any:
    kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind is not NoneType]
    kind = kinds[0] if len(kinds) == 1 else str  # a word or a number: text, which the model reads
    if _is_list(kind):
        kind, more = Path, "; a file with one a line"
    else:
        more = ""
    default = "" if field.default is None else f" (default {field.default})"
    option = typer.Option(
        _flag(parameter),
        help=f"{field.description}{more}{default}",
        min=_bound(field, "ge"),
        max=_bound(field, "le"),
    )
    return Annotated[kind | None, option]


def _spelled(place: str) -> str:
    """The flag of an option; of a list, which of its entries, too."""
    option, _, number = place.rpartition(".")
    if option in _FLAGS and number.isdigit():
        return f"{_FLAGS[option]}, entry {int(number) + 1}"
    return _FLAGS.get(place, place)


def _is_list(kind: Any) -> bool:
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return get_origin(plain) is tuple


def _lines(parameter: str, path: Path) -> list[str]:
    """The lines of a file that say something."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise InvalidInput(f"{_flag(parameter)}: {path} cannot be read: {reason}") from error
    return [line for line in lines if line.strip()]


def _bound(field: FieldInfo, kind: str) -> float | None:
    return next((getattr(bound, kind) for bound in field.metadata if hasattr(bound, kind)), None)
