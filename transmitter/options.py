"""What the transmitter alone knows of options: which models there are, and its own defaults."""

from pydantic import ValidationError

from semvid import mllm as mllms
from semvid.options import Search, TransmissionOptions, refusal
from semvid.profile import Given


def search_of(options: TransmissionOptions) -> Search:
    """The search asked for; by default few questions where each is dear, all where they cost milliseconds."""
    if options.search is not None:
        return options.search
    if options.given is not Given.BOTH_ENDS or options.mllm == mllms.EMBEDDED:
        return Search.EXHAUSTIVE
    return Search.GALLOP


def parse_options(text: str, mllm: str = mllms.EMBEDDED) -> TransmissionOptions:
    """Reads the JSON of the ``options`` form field.

    Args:
        text: the JSON.
        mllm: the model where it names none.

    Raises:
        InvalidInput: names the first offending field, its value and what is allowed; or no such mllm.
    """
    try:
        options = TransmissionOptions.model_validate_json(text or "{}")
    except ValidationError as error:
        raise refusal(error) from error
    if "mllm" not in options.model_fields_set:
        options = options.model_copy(update={"mllm": mllm})
    mllms.check(options.mllm)
    return options
