"""Structured logs: one configuration for structlog and the standard library, with secrets removed."""

import logging.config
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog

from apps.core.request_context import add_request_context

REDACTED = "[redacted]"
_MAX_DEPTH = 8

_SECRET_KEY = re.compile(
    r"passw|secret|token|authorization|signature|api[_-]?key|private[_-]?key|hmac|cookie|credential"
    r"|totp|otp_code|cvv|cvc|card_?number|\bpan\b|\biban\b|sessionid",
    re.IGNORECASE,
)
# Query strings and headers inside longer texts: Evolution, for one, sends its secret as ?authToken=.
_SECRET_IN_TEXT = re.compile(
    r"((?:auth_?token|token|api_?key|secret|password|signature)\"?\s*[=:]\s*\"?|bearer\s+|basic\s+)"
    r"([^\s&\"',;]{4,})",
    re.IGNORECASE,
)
# Without one of these nothing fits the expression above; most values are a word.
_TEXT = re.compile(r"[=:\s]")


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


def redact(value: Any, _depth: int = 0) -> Any:
    """Copy a value with everything removed that is a secret by the name of its key."""
    if isinstance(value, str):
        return _SECRET_IN_TEXT.sub(rf"\1{REDACTED}", value) if _TEXT.search(value) else value
    if _depth >= _MAX_DEPTH:
        return REDACTED
    if isinstance(value, dict):
        return {
            key: REDACTED if isinstance(key, str) and _is_secret(key) else redact(item, _depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, _depth + 1) for item in value]
    return value


def redact_secrets(_logger: object, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: no password, token, signature or card number reaches a log."""
    for key, value in list(event_dict.items()):
        if key.startswith("_"):
            continue  # structlog's own: the record and its exc_info
        event_dict[key] = REDACTED if _is_secret(key) else redact(value)
    return event_dict


def configure_logging(json: bool, level: str) -> None:  # noqa: FBT001 - two settings, named by callers
    """
    Configure structlog and the standard library to write alike, to standard error.

    :param json: one JSON object a line (production), else readable lines (development)
    :param level: the name of the lowest level that is written
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_request_context,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering: list[Any] = (
        [structlog.processors.format_exc_info, redact_secrets, structlog.processors.JSONRenderer()]
        if json
        else [redact_secrets, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": level},
            # A line for each request is what the exchange log is for.
            "loggers": {"httpx2": {"level": "WARNING"}},
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            # Standard-library records pass ExtraAdder; structlog's own have nothing extra to add.
            *(processor for processor in shared if not isinstance(processor, structlog.stdlib.ExtraAdder)),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
