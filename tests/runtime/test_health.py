"""The health endpoints, as a load balancer sees them."""

import httpx2
import pytest
from django.test import Client
from pytest_django import Settings

from tests.harness.live import LivePlatform


def test_live_answers_as_soon_as_the_process_serves(client: Client) -> None:
    response = client.get("/health/live")

    assert response.status_code == 200
    assert response.json() == {"status": "live"}


@pytest.mark.django_db
def test_ready_names_the_part_that_is_not(client: Client) -> None:
    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "parts": {
            "database": "ok",
            "migrations": "ok",
            "redis": "ok",
            "worker": "no Celery worker has been heard of lately",
        },
    }


def test_a_live_platform_with_a_worker_is_ready(live_worker: LivePlatform) -> None:
    answer = httpx2.get(f"{live_worker.base_url}/health/ready", timeout=10)

    assert answer.status_code == 200
    assert answer.json()["parts"] == {"database": "ok", "migrations": "ok", "redis": "ok", "worker": "ok"}


@pytest.mark.django_db
def test_ready_says_so_when_redis_is_away(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    parts = client.get("/health/ready").json()["parts"]

    assert parts["redis"] == "does not answer"
    assert parts["worker"] == "unknown, Redis does not answer"
    assert parts["database"] == "ok"


def test_health_answers_are_not_cached(client: Client) -> None:
    assert "no-store" in client.get("/health/live")["Cache-Control"]


def test_health_cannot_be_posted_to(client: Client) -> None:
    assert client.post("/health/live").status_code == 405
