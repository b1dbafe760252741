"""What the transmitter alone knows of options: which models there are, and its own defaults."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pydantic import ValidationError

from semvid import mllm as mllms
from semvid.errors import InvalidInput
from semvid.options import Search, TransmissionOptions, refusal
from semvid.profile import Given


def search_of(options: TransmissionOptions) -> Search:
    """The search asked for; by default few questions where each is dear, all where they cost milliseconds."""
    if options.search is not None:
        return options.search
    if options.given is not Given.BOTH_ENDS or options.mllm == mllms.EMBEDDED:
        return Search.EXHAUSTIVE
    return Search.GALLOP


def parse_options(text: str, mllm: str = mllms.EMBEDDED, allowed: Sequence[str] = ()) -> TransmissionOptions:
    """Reads the JSON of the ``options`` form field.

    Args:
        text: the JSON.
        mllm: the service's own model, taken where the options name none.
        allowed: patterns with * and ? of what they may name beside that and `mllms.EMBEDDED`. A name may lead
            to a server or a folder, so which may be named is the operator's to say.

    Raises:
        InvalidInput: names the first offending field, its value and what is allowed; or no such mllm, or one
            that may not be named.
    """
    try:
        options = TransmissionOptions.model_validate_json(text or "{}")
    except ValidationError as error:
        raise refusal(error) from error
    if "mllm" not in options.model_fields_set:
        options = options.model_copy(update={"mllm": mllm})
    mllms.check(options.mllm)
    if options.mllm in (mllms.EMBEDDED, mllm) or any(fnmatchcase(options.mllm, one) for one in allowed):
        return options
    choice = ", ".join(dict.fromkeys((mllms.EMBEDDED, mllm, *allowed)))
    raise InvalidInput(
        f"option mllm: this transmitter does not take {options.mllm} from a request, but {choice}; its "
        "operator adds to that by SEMVID_TRANSMITTER_MLLM_ALLOWED, or makes it the default by "
        "SEMVID_TRANSMITTER_MLLM"
    )
