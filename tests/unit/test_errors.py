"""What clients know of errors. Codes follow from class names, so a class that is renamed shows here."""

import pytest

from semvid import errors


@pytest.mark.parametrize(
    ("name", "code", "title", "http_status", "grpc_status"),
    [
        ("Busy", "BUSY", "Busy", 503, "RESOURCE_EXHAUSTED"),
        ("Cancelled", "CANCELLED", "Cancelled", 499, "CANCELLED"),
        ("Conflict", "CONFLICT", "Conflict", 409, "FAILED_PRECONDITION"),
        ("Forbidden", "FORBIDDEN", "Forbidden", 403, "PERMISSION_DENIED"),
        ("Gone", "GONE", "Gone", 410, "NOT_FOUND"),
        ("InvalidInput", "INVALID_INPUT", "Invalid input", 422, "INVALID_ARGUMENT"),
        ("LimitExceeded", "LIMIT_EXCEEDED", "Limit exceeded", 413, "RESOURCE_EXHAUSTED"),
        ("LinkFailed", "LINK_FAILED", "Link failed", 502, "UNAVAILABLE"),
        ("MalformedUnits", "MALFORMED_UNITS", "Malformed semantic units", 422, "INVALID_ARGUMENT"),
        ("Misdirected", "MISDIRECTED", "Misdirected", 421, "INVALID_ARGUMENT"),
        ("MissingComponent", "MISSING_COMPONENT", "Missing component", 501, "FAILED_PRECONDITION"),
        ("NotFound", "NOT_FOUND", "Not found", 404, "NOT_FOUND"),
        ("QuotaExceeded", "QUOTA_EXCEEDED", "Quota exceeded", 429, "RESOURCE_EXHAUSTED"),
        ("SemvidError", "INTERNAL", "Internal error", 500, "INTERNAL"),
        ("TooSlow", "TOO_SLOW", "Too slow", 408, "DEADLINE_EXCEEDED"),
        ("TransmissionFailed", "TRANSMISSION_FAILED", "Transmission failed", 502, "DATA_LOSS"),
        ("Unauthorized", "UNAUTHORIZED", "Unauthorized", 401, "UNAUTHENTICATED"),
        ("UnsupportedMedia", "UNSUPPORTED_MEDIA", "Unsupported media", 415, "INVALID_ARGUMENT"),
    ],
)
def test_codes_titles_and_statuses_stay(
    name: str, code: str, title: str, http_status: int, grpc_status: str
) -> None:
    error = getattr(errors, name)
    assert (error.code, error.title) == (code, title)
    assert (error.http_status, error.grpc_status) == (http_status, grpc_status)


def test_an_error_of_another_module_passes_for_its_parent() -> None:
    class Unheard(errors.NotFound):
        pass

    assert (Unheard.code, Unheard.title) == ("NOT_FOUND", "Not found")
