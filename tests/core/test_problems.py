"""Every refusal of the API is a problem document, whoever made it."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client, override_settings

from apps.core import problem_types
from apps.core.errors import DOMAIN_ERRORS, DomainError
from apps.core.problem_types import FRAMEWORK_PROBLEMS, ProblemType, all_problem_types

pytestmark = pytest.mark.urls("tests.core.urls")


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def problem_of(response: Any, status: int, code: str) -> dict[str, Any]:
    """The document, after checking what every one must have."""
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"/api/problems/{code}"
    assert body["request_id"] == response["X-Request-Id"]
    assert UUID(body["request_id"]).version == 7
    assert body["title"]
    assert body["detail"]
    return body


def test_a_domain_error_carries_its_extensions_but_cannot_lie_about_the_status(client: Client) -> None:
    body = problem_of(client.get("/api/raise/domain"), 422, "test-too-poor")
    assert body["title"] == "Not enough money"
    assert body["detail"] == "Only 3 left."
    assert body["balance"] == "3.00"


def test_a_domain_error_without_detail_says_its_title(client: Client) -> None:
    assert problem_of(client.get("/api/raise/plain"), 422, "test-too-poor")["detail"] == "Not enough money"


def test_a_domain_error_may_set_headers(client: Client) -> None:
    response = client.get("/api/raise/busy")
    problem_of(response, 503, "test-busy")
    assert response["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("http404", 404, "not-found"),
        ("denied", 403, "permission-denied"),
        ("suspicious", 400, "malformed-request"),
        ("throttled", 429, "rate-limited"),
        ("bug", 500, "internal-error"),
    ],
)
def test_framework_errors_are_problems_without_our_insides(client: Client, name: str, status: int, code: str) -> None:
    response = client.get(f"/api/raise/{name}")
    problem_of(response, status, code)
    assert b"secret detail" not in response.content
    assert response.get("Retry-After") == ("3" if name == "throttled" else None)


def test_an_unforeseen_error_reaches_djangos_signal(client: Client) -> None:
    with pytest.raises(ZeroDivisionError):
        Client().get("/api/raise/bug")


def test_who_does_not_say_who_he_is_gets_401(client: Client) -> None:
    response = client.get("/api/private")
    problem_of(response, 401, "not-authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="test"'
    body = problem_of(client.get("/api/private", headers={"X-Actor": "forged"}), 401, "authentication-failed")
    assert body["detail"] == "No such session."


def test_wrong_method_media_type_and_accept(client: Client) -> None:
    response = client.delete("/api/private", headers={"X-Actor": "player:1"})
    problem_of(response, 405, "method-not-allowed")
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    problem_of(client.post("/api/payments", b"<a/>", "application/xml"), 415, "unsupported-media-type")
    problem_of(client.get("/api/keys", headers={"Accept": "image/png"}), 406, "not-acceptable")


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"\xff{}",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b"[" * 100_000,
        b"[" * 40 + b"]" * 40,
        b"1" * 5_000,
    ],
)
def test_what_is_not_clean_json_is_malformed(client: Client, body: bytes) -> None:
    problem_of(client.post("/api/payments", body, "application/json"), 400, "malformed-request")


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_a_body_too_large_is_413(client: Client) -> None:
    problem_of(client.post("/api/payments", b" " * 101, "application/json"), 413, "request-too-large")


def test_field_errors_are_flat_with_paths(client: Client) -> None:
    payment = {
        "amount": {"amount": 1.5, "currency": "EUR"},
        "legs": [
            {"amount": {"amount": "1.00", "currency": "EUR"}},
            {"amount": {"amount": "0", "currency": "EUR"}, "note": "toolong"},
            {},
        ],
        "tags": [1, "x", 3],
    }
    response = client.post("/api/payments", payment, "application/json")
    errors = problem_of(response, 400, "validation-failed")["errors"]
    assert {(error["field"], error["code"]) for error in errors} == {
        ("amount", "invalid_amount"),
        ("legs.1.amount", "not_positive"),
        ("legs.1.note", "max_length"),
        ("legs.2.amount", "required"),
        ("tags.1", "invalid"),
    }
    assert all(error["message"] for error in errors)


def test_an_error_of_the_whole_has_the_empty_field(client: Client) -> None:
    payment = {"amount": {"amount": "1.00", "currency": "EUR"}, "tags": [13]}
    response = client.post("/api/payments", payment, "application/json")
    errors = problem_of(response, 400, "validation-failed")["errors"]
    assert errors == [{"field": "", "code": "unlucky", "message": "Unlucky."}]
    response = client.post("/api/payments", "[]", "application/json")
    assert [e["field"] for e in problem_of(response, 400, "validation-failed")["errors"]] == [""]


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("12.34", "invalid"),
        ({"amount": "12.34"}, "invalid"),
        ({"amount": "1", "currency": "EUR", "x": 1}, "unexpected"),
        ({"amount": "1e2", "currency": "EUR"}, "invalid_amount"),
        ({"amount": 5, "currency": "EUR"}, "invalid_amount"),
        ({"amount": "1.234", "currency": "EUR"}, "too_precise"),
        ({"amount": "99999999999999", "currency": "EUR"}, "out_of_range"),
        ({"amount": "1", "currency": "FUN"}, "unknown_currency"),
        ({"amount": "1", "currency": ["EUR"]}, "unknown_currency"),
        ({"amount": "-1", "currency": "EUR"}, "negative"),
        ({"amount": "0.00", "currency": "EUR"}, "not_positive"),
        (None, "null"),
    ],
)
def test_each_way_an_amount_can_be_wrong_has_its_code(client: Client, amount: object, code: str) -> None:
    response = client.post("/api/payments", {"amount": amount}, "application/json")
    errors = problem_of(response, 400, "validation-failed")["errors"]
    assert [(error["field"], error["code"]) for error in errors] == [("amount", code)]


def test_an_amount_is_echoed_in_its_canonical_form(client: Client) -> None:
    response = client.post("/api/payments", {"amount": {"amount": "12.3", "currency": "EUR"}}, "application/json")
    assert response.json() == {"amount": {"amount": "12.30", "currency": "EUR"}}


@pytest.mark.parametrize("debug", [True, False])
def test_an_address_that_leads_nowhere_is_a_problem_under_api(client: Client, *, debug: bool) -> None:
    with override_settings(DEBUG=debug):
        problem_of(client.get("/api/nowhere"), 404, "not-found")


def test_elsewhere_pages_stay_pages(client: Client) -> None:
    assert client.get("/nowhere")["Content-Type"].startswith("text/html")
    response = client.get("/bug")
    assert response.status_code == 500
    assert response["Content-Type"].startswith("text/html")


def test_a_bug_outside_drf_is_a_problem_too(client: Client) -> None:
    response = client.get("/api/bug")
    problem_of(response, 500, "internal-error")
    assert b"secret detail" not in response.content


@pytest.mark.parametrize("address", ["/api/raise/database", "/api/database"])
def test_while_the_database_is_away_callers_are_told_when_to_come_back(client: Client, address: str) -> None:
    response = client.get(address)
    problem_of(response, 503, "temporarily-unavailable")
    assert response["Retry-After"] == "2"
    assert b"secret detail" not in response.content


def test_every_problem_has_a_page_in_json_and_html(client: Client) -> None:
    for problem_type in all_problem_types():
        as_json = client.get(problem_type.uri).json()
        assert as_json["code"] == problem_type.code
        assert as_json["explanation"]
        page = client.get(problem_type.uri, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert page["Content-Type"].startswith("text/html")
        assert problem_type.code in page.content.decode()
    assert len(client.get("/api/problems/").json()["results"]) == len(FRAMEWORK_PROBLEMS) + len(DOMAIN_ERRORS)
    problem_of(client.get("/api/problems/no-such"), 404, "not-found")


def test_no_kind_of_problem_is_without_a_page() -> None:
    named = {each.code for each in vars(problem_types).values() if isinstance(each, ProblemType)}
    assert named == {each.code for each in FRAMEWORK_PROBLEMS}


def test_a_code_is_kebab_case_and_belongs_to_one_error() -> None:
    with pytest.raises(TypeError, match="kebab-case"):
        type("Bad", (DomainError,), {"code": "Bad_Code", "__module__": "x"})
    with pytest.raises(TypeError, match="share the code"):
        type("Other", (DomainError,), {"code": "test-too-poor", "__module__": "x"})
    assert not {problem_type.code for problem_type in FRAMEWORK_PROBLEMS} & DOMAIN_ERRORS.keys()
