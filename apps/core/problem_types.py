"""The kinds of problem the APIs answer with: their stable codes, titles and explanations."""

import inspect
from dataclasses import dataclass

from rest_framework import exceptions

from apps.core.errors import DOMAIN_ERRORS, DomainError


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem. ``code`` never changes; ``explanation`` is for the developer who met it."""

    code: str
    title: str
    status: int
    explanation: str

    @property
    def uri(self) -> str:
        """The stable ``type`` of RFC 9457: relative to the API's host, and a page that explains it."""
        return f"/api/problems/{self.code}"


MALFORMED_REQUEST = ProblemType(
    "malformed-request",
    "The request cannot be read",
    400,
    "The body is not valid JSON in UTF-8, has a member twice, or is not what its headers say.",
)
VALIDATION_FAILED = ProblemType(
    "validation-failed",
    "Some values are not acceptable",
    400,
    "`errors` lists each one: `field` is the path with dots (empty for the request as a whole),"
    " `code` is for programs, `message` for people.",
)
NOT_AUTHENTICATED = ProblemType(
    "not-authenticated",
    "Authentication is required",
    401,
    "Send `Authorization: Bearer <token>` with a token from `POST /api/v1/sessions`.",
)
AUTHENTICATION_FAILED = ProblemType(
    "authentication-failed",
    "Authentication failed",
    401,
    "The token is unknown, revoked or expired, or the credentials are wrong. Log in again.",
)
PERMISSION_DENIED = ProblemType(
    "permission-denied", "Permission denied", 403, "The caller is known and may not do this."
)
HTTPS_REQUIRED = ProblemType(
    "https-required", "HTTPS is required", 403, "The call came over plain HTTP. Nothing was read or changed."
)
NOT_FOUND = ProblemType("not-found", "Not found", 404, "There is no such thing here, or it belongs to somebody else.")
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed", "Method not allowed", 405, "The `Allow` header lists the methods of this address."
)
NOT_ACCEPTABLE = ProblemType(
    "not-acceptable", "Not acceptable", 406, "The API answers in JSON only; see the `Accept` header sent."
)
REQUEST_TOO_LARGE = ProblemType(
    "request-too-large", "The request is too large", 413, "The body is larger than the API reads."
)
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    "unsupported-media-type", "Unsupported media type", 415, "Send `Content-Type: application/json`."
)
RATE_LIMITED = ProblemType(
    "rate-limited", "Too many requests", 429, "Wait the number of seconds in the `Retry-After` header."
)
TEMPORARILY_UNAVAILABLE = ProblemType(
    "temporarily-unavailable",
    "Temporarily unavailable",
    503,
    "The database is away for a moment, or too busy. Whether the request had an effect is not known: after the seconds"
    " in `Retry-After`, ask for the state, or repeat it with the same Idempotency-Key.",
)
INTERNAL_ERROR = ProblemType(
    "internal-error",
    "Internal error",
    500,
    "A fault on our side. Whether the request had an effect is not known: ask for the state, or repeat"
    " it with the same Idempotency-Key. Quote `request_id` to support.",
)

FRAMEWORK_PROBLEMS: tuple[ProblemType, ...] = (
    MALFORMED_REQUEST,
    VALIDATION_FAILED,
    NOT_AUTHENTICATED,
    AUTHENTICATION_FAILED,
    PERMISSION_DENIED,
    HTTPS_REQUIRED,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    NOT_ACCEPTABLE,
    REQUEST_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    RATE_LIMITED,
    TEMPORARILY_UNAVAILABLE,
    INTERNAL_ERROR,
)

_BY_API_EXCEPTION: tuple[tuple[type[exceptions.APIException], ProblemType], ...] = (
    (exceptions.ValidationError, VALIDATION_FAILED),
    (exceptions.ParseError, MALFORMED_REQUEST),
    (exceptions.AuthenticationFailed, AUTHENTICATION_FAILED),
    (exceptions.NotAuthenticated, NOT_AUTHENTICATED),
    (exceptions.PermissionDenied, PERMISSION_DENIED),
    (exceptions.NotFound, NOT_FOUND),
    (exceptions.MethodNotAllowed, METHOD_NOT_ALLOWED),
    (exceptions.NotAcceptable, NOT_ACCEPTABLE),
    (exceptions.UnsupportedMediaType, UNSUPPORTED_MEDIA_TYPE),
    (exceptions.Throttled, RATE_LIMITED),
)


def problem_type_of_domain_error(error: type[DomainError]) -> ProblemType:
    """The kind of problem a domain error is, explained by its docstring."""
    return ProblemType(error.code, error.title, error.status, inspect.getdoc(error) or error.title)


def problem_type_of_api_exception(error: exceptions.APIException) -> ProblemType:
    """
    The kind of problem one of DRF's exceptions is; unknown ones get a code made of their own.

    DRF turns a 401 into a 403 where a view cannot ask for credentials, so the status is the error's.
    """
    for kind, problem_type in _BY_API_EXCEPTION:
        if isinstance(error, kind):
            if error.status_code != problem_type.status:
                return ProblemType(problem_type.code, problem_type.title, error.status_code, problem_type.explanation)
            return problem_type
    return ProblemType(
        error.default_code.replace("_", "-"), str(error.default_detail), error.status_code, str(error.default_detail)
    )


def find_problem_type(code: str) -> ProblemType | None:
    """Look a kind of problem up by its code."""
    for problem_type in FRAMEWORK_PROBLEMS:
        if problem_type.code == code:
            return problem_type
    error = DOMAIN_ERRORS.get(code)
    return problem_type_of_domain_error(error) if error else None


def all_problem_types() -> list[ProblemType]:
    """Every kind of problem, by code."""
    own = [problem_type_of_domain_error(error) for error in DOMAIN_ERRORS.values()]
    return sorted([*FRAMEWORK_PROBLEMS, *own], key=lambda problem_type: problem_type.code)
