"""Who may scrape the metrics."""

from django.test import Client
from pytest_django import Settings


def test_the_internal_network_may_scrape(client: Client) -> None:
    response = client.get("/metrics", REMOTE_ADDR="127.0.0.1")

    assert response.status_code == 200
    assert "python_info" in response.content.decode()


def test_a_stranger_may_not(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403


def test_a_stranger_with_the_token_may(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "scrape-me"

    headers = {"Authorization": "Bearer scrape-me"}
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9", headers=headers).status_code == 200


def test_a_wrong_or_empty_token_opens_nothing(client: Client, settings: Settings) -> None:
    for configured, shown in (("scrape-me", "wrong"), ("", ""), ("scrape-me", "")):
        settings.METRICS_TOKEN = configured
        headers = {"Authorization": f"Bearer {shown}"}
        assert client.get("/metrics", REMOTE_ADDR="203.0.113.9", headers=headers).status_code == 403


def test_a_claimed_forwarded_address_is_not_believed(client: Client) -> None:
    headers = {"X-Forwarded-For": "127.0.0.1"}

    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9", headers=headers).status_code == 403
