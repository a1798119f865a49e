"""Logs are structured, and no secret reaches them."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from apps.core.logging import REDACTED, redact, redact_secrets


@pytest.mark.parametrize(
    "key",
    ["password", "Authorization", "X-Auth-Signature", "api_key", "apiKey", "authToken", "client_secret", "cvv",
     "card_number", "cardNumber", "Set-Cookie", "private_key_pem", "hmac_key_hex", "totp_secret", "iban"],
)  # fmt: skip
def test_values_of_secret_keys_are_removed_at_any_depth(key: str) -> None:
    secret = "s3cr3t-value"
    for event in ({key: secret}, {"headers": {key: secret}}, {"items": [{"x": ({key: secret},)}]}):
        redacted = redact_secrets(None, "info", dict(event))
        assert secret not in repr(redacted)
        assert REDACTED in repr(redacted)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /check?authToken=s3cr3t&x=1", f"GET /check?authToken={REDACTED}&x=1"),
        ("Authorization: Bearer abc.def.ghi", f"Authorization: Bearer {REDACTED}"),
        ('{"password": "hunter22", "user": "u"}', f'{{"password": "{REDACTED}", "user": "u"}}'),
        ("nothing secret here, 12.34 EUR", "nothing secret here, 12.34 EUR"),
    ],
)
def test_secrets_inside_texts_are_removed(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_what_is_not_secret_stays_as_it_is() -> None:
    event = {"event": "wallet.debit", "amount": 5, "round": "r1", "items": [1, 2], "none": None}
    assert redact_secrets(None, "info", dict(event)) == event


def test_hostile_nesting_ends() -> None:
    value: Any = "end"
    for _ in range(10_000):
        value = [value]
    assert REDACTED in repr(redact(value))


SCRIPT = """
import logging, structlog
from apps.core.logging import configure_logging
from apps.core.request_context import request_context
configure_logging(json={json}, level="INFO")
with request_context(actor="user:1"):
    structlog.get_logger("a").info("own.event", password="hunter22", amount=5)
    logging.getLogger("b").warning("theirs %s", "x", extra={{"api_key": "hunter22"}})
    structlog.get_logger("a").debug("too low")
    try:
        raise ValueError("Bearer hunter22hunter22")
    except ValueError:
        logging.getLogger("b").exception("failed")
"""


def log_of(*, as_json: bool) -> str:
    """What a process of its own writes; in this one pytest owns the handlers."""
    script = SCRIPT.format(json=as_json)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stderr


def test_json_logs_are_one_object_a_line_from_both_kinds_of_logger() -> None:
    output = log_of(as_json=True)
    own, theirs, failed = (json.loads(line) for line in output.splitlines())
    assert (own["event"], own["amount"], own["password"], own["level"]) == ("own.event", 5, REDACTED, "info")
    assert (theirs["event"], theirs["api_key"], theirs["logger"]) == ("theirs x", REDACTED, "b")
    assert own["request_id"] == theirs["request_id"] == failed["request_id"]
    assert own["actor"] == "user:1"
    assert own["timestamp"].endswith("Z")
    assert "ValueError" in failed["exception"]
    assert "hunter22" not in output


def test_readable_logs_say_the_same() -> None:
    output = log_of(as_json=False)
    assert "own.event" in output
    assert "theirs x" in output
    assert "too low" not in output
    assert output.count(REDACTED) >= 2


def test_importing_the_module_configures_nothing() -> None:
    assert logging.getLogger("apps.core.logging").handlers == []
