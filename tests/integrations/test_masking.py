"""What opens a door is masked, what proves something stays."""

import pytest

from apps.integrations.exchange_log import masked_headers, masked_path


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Basic dXNlcjpwYXNz", "Basic ***"),
        ("authorization", "naked-token", "***"),
        ("Cookie", "sessionid=1", "***"),
        ("X-API-Key", "abc", "***"),
        ("X-Auth-Token", "abc", "***"),
        ("X-Casino-Signature", "c2ln", "c2ln"),
        ("Content-Type", "application/json", "application/json"),
    ],
)
def test_headers_that_open_doors_are_masked(name: str, value: str, shown: str) -> None:
    assert masked_headers({name: value}) == {name: shown}
    assert masked_headers(masked_headers({name: value})) == {name: shown}


def test_secrets_in_query_strings_are_masked() -> None:
    assert masked_path("/debit?authToken=abc&x=1&api_key=") == "/debit?authToken=***&x=1&api_key=***"
    assert masked_path("/debit/token/abc") == "/debit/token/abc"
