"""Lists are walked by cursor, both ways, and what is no cursor is refused."""

from base64 import b64encode
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from django.test import Client

from apps.core import clock
from apps.core.models import IdempotencyKey

pytestmark = [pytest.mark.urls("tests.core.urls"), pytest.mark.django_db]


@pytest.fixture
def rows() -> list[str]:
    """Keys k0 … k119, oldest first; all of one instant, so that order needs more than time."""
    now = clock.now()
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(
            scope="s",
            method="POST",
            path="/",
            key=f"k{number}",
            fingerprint=b"",
            created_at=now + timedelta(seconds=number // 7),
            expires_at=now + timedelta(days=1),
        )
        for number in range(120)
    )
    return [f"k{number}" for number in range(120)]


def get(address: str) -> Any:
    return Client().get(address)


def walk(address: str | None, direction: str) -> list[list[str]]:
    """Follow the links to the end; the keys of each page."""
    pages = []
    while address:
        page = get(address).json()
        assert page.keys() == {"results", "next", "previous"}
        pages.append([row["key"] for row in page["results"]])
        address = page[direction]
    return pages


def test_a_list_is_walked_newest_first_in_pages_of_fifty(rows: list[str]) -> None:
    pages = walk("/api/keys", "next")
    assert [len(page) for page in pages] == [50, 50, 20]
    assert list(chain(*pages)) == rows[::-1]


def test_a_list_is_walked_back_from_its_end(rows: list[str]) -> None:
    address = "/api/keys?limit=50"
    while (following := get(address).json()["next"]) is not None:
        address = following
    assert [len(page) for page in walk(address, "previous")] == [20, 50, 50]


def test_a_view_may_order_by_a_field_that_repeats(rows: list[str]) -> None:
    pages = walk("/api/keys/oldest?limit=9", "next")
    assert sorted(chain(*pages)) == sorted(rows)


def test_rows_that_arrive_meanwhile_do_not_shift_the_pages(rows: list[str]) -> None:
    first = get("/api/keys?limit=100").json()
    newest = IdempotencyKey.objects.latest("pk")
    newest.pk, newest.key = None, "new"
    newest.save()
    second = get(first["next"]).json()
    assert [row["key"] for row in second["results"]] == rows[:20][::-1]


def test_the_ends_have_no_links() -> None:
    assert get("/api/keys").json() == {"results": [], "next": None, "previous": None}


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1.5", "x", "", "\uff19", "9" * 5000])
def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    response = get(f"/api/keys?limit={limit}")
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["limit"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%ff",
        "AAAA",
        b64encode(b"p=not-a-number").decode(),
        b64encode(b"o=-1").decode(),
        b64encode(b"p=%00").decode(),
    ],
)
@pytest.mark.parametrize("address", ["/api/keys", "/api/keys/oldest"])
def test_a_forged_cursor_is_refused_or_harmless(rows: list[str], address: str, cursor: str) -> None:
    response = get(f"{address}?cursor={cursor}")
    if response.status_code != 200:
        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == ["cursor"]
