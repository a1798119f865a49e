"""What is shown of amounts and bodies: exact, readable, and without secrets."""

import json

import pytest

from apps.core.admin_display import amount_text, masked_email, signed_amount_text
from apps.core.shown_bodies import shown_body


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b'{"token":"abc","amount":1.50,"n":100000}', '{\n  "token": "***",\n  "amount": 1.50,\n  "n": 100000\n}'),
        (
            b'{"a":[{"api_key":"k","x":1e3}]}',
            '{\n  "a": [\n    {\n      "api_key": "***",\n      "x": 1e3\n    }\n  ]\n}',
        ),
        (
            b'{"url":"https://v.example/play?token=abc&lang=en"}',
            '{\n  "url": "https://v.example/play?token=***&lang=en"\n}',
        ),
        (b"authToken=abc&user=7", "authToken=***&user=7"),
        (b"token=abc", "token=***"),
        (b"not json {", "not json {"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"", ""),
        ('{"name":"Kjær"}'.encode(), '{\n  "name": "Kjær"\n}'),
    ],
)
def test_a_body_is_shown_without_secrets_and_with_its_numbers_as_written(raw: bytes, shown: str) -> None:
    assert shown_body(raw) == shown


@pytest.mark.parametrize("filler", ["", "x" * 30_000])
def test_the_session_that_a_launch_hands_over_is_not_shown(filler: str) -> None:
    body = json.dumps(
        {"player": {"id": "p-1", "session": {"ip": "203.0.113.9", "id": "opens-the-wallet"}}, "x": filler}
    )
    shown = shown_body(body.encode())
    assert "opens-the-wallet" not in shown
    assert "p-1" in shown
    assert '"id": "***"' in shown


def test_a_hostile_body_is_shown_all_the_same() -> None:
    assert shown_body(b"[" * 10_000).startswith("[[[")
    assert shown_body(b"x" * 30_000).endswith("… 10,000 more bytes")


@pytest.mark.parametrize(
    ("units", "currency", "text"),
    [
        (1_234_500_000, "EUR", "1,234.50 EUR"),
        (-500_000, "EUR", "-0.50 EUR"),
        (0, "JPY", "0 JPY"),
        (1, "BTC", "0.00000001 BTC"),
        (5, "FUN", "5 units FUN"),
        (None, "EUR", "–"),
    ],
)
def test_amounts_are_exact(units: int | None, currency: str, text: str) -> None:
    assert amount_text(units, currency) == text


def test_signs_are_told() -> None:
    assert signed_amount_text(1_000_000, "EUR") == "+1.00 EUR"
    assert signed_amount_text(-1_000_000, "EUR") == "−1.00 EUR"


def test_an_address_keeps_its_first_letter_and_domain() -> None:
    assert masked_email("astrid@example.com") == "a•••@example.com"
