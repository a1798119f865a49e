"""The policy pages: read on any day, side by side, and the way from a draft to a published version, over HTTP."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.compliance.models import ApprovalRequest, PolicyVersion
from apps.compliance.policies import forget_policies
from tests.factories.policies import load_matrix
from tests.factories.staff import make_staff
from tests.harness.queries import captured_queries

pytestmark = pytest.mark.django_db
VIEW = ("compliance.view_policyversion", "compliance.view_policysource", "compliance.view_approvalrequest")


@pytest.fixture(autouse=True)
def matrix(db: None) -> None:
    load_matrix()


def browser(name: str, *permissions: str) -> Client:
    person = User.objects.filter(username=name).first() or make_staff(name, *VIEW, *permissions)
    client = Client()
    client.force_login(person)
    return client


def place(client: Client, code: str, **asked: Any) -> Any:
    return client.get(reverse("admin:compliance_policy_place", args=[code]), asked)


def shown(reply: Any, parameter: str) -> list[str]:
    rows = {row.parameter.pk: row for row in reply.context["rows"]}
    lines: list[str] = rows[parameter].lines
    return lines


def test_one_can_ask_what_applied_on_a_day() -> None:
    client = browser("reader")

    before = place(client, "GB", on="2025-05-20", known="now")
    after = place(client, "GB", on="2025-05-21", known="now")

    assert shown(before, "max_stake") == ["game: slots, 5 GBP, from the age of 25, from 9 April 2025"]
    assert shown(after, "max_stake")[1] == "game: slots, 2 GBP, ages 18 to 24, from 21 May 2025"
    assert "21 May 2025" in after.content.decode()


def test_one_can_ask_what_the_platform_knew_that_day() -> None:
    """The book was filled on 1 November 2026: before that nothing was published."""
    client = browser("reader")

    assert shown(place(client, "SE", on="2026-10-31", known="then"), "limit_increase_delay_hours") == []
    assert shown(place(client, "SE", on="2026-11-01", known="then"), "limit_increase_delay_hours") == ["72 hours"]
    assert shown(place(client, "SE", on="2026-10-31", known="now"), "limit_increase_delay_hours") == ["72 hours"]


@pytest.mark.parametrize("asked", [{"on": "yesterday"}, {"on": ""}, {"age": "-1"}, {"brand": "nobody"}, {"known": "x"}])
def test_a_question_that_makes_no_sense_is_told_so_and_answered_for_today(asked: dict[str, str]) -> None:
    reply = place(browser("reader"), "GB", **asked)

    assert (reply.status_code, reply.context["is_today"]) == (200, True)
    assert "staff-error" in reply.content.decode()


def test_an_unknown_jurisdiction_is_not_found() -> None:
    assert place(browser("reader"), "XX").status_code == 404


def test_differences_are_marked() -> None:
    client = browser("reader")
    address = reverse("admin:compliance_policy_compare")

    reply = client.get(address, {"code": ["GB", "MT"], "on": "2026-11-25", "known": "now"})
    everything = client.get(address, {"code": ["GB", "MT"], "on": "2026-11-25", "known": "now", "all": "on"})

    differing = {row.parameter.pk for row in reply.context["rows"]}
    assert "limit_setting_mode" in differing
    assert "limit_increase_delay_hours" not in differing  # 24 hours in both
    assert len(everything.context["rows"]) == 48
    assert sum(row.differs for row in everything.context["rows"]) == len(differing)


@pytest.mark.parametrize("codes", [[], ["GB"], ["XX", "GB"]])
def test_comparing_takes_two(codes: list[str]) -> None:
    reply = browser("reader").get(reverse("admin:compliance_policy_compare"), {"code": codes})

    assert (reply.status_code, reply.context["rows"]) == (200, [])


def test_a_page_costs_the_same_queries_however_much_there_is() -> None:
    client = browser("reader")
    place(client, "GB")

    counts = []
    for code in ("GB", "EU"):
        forget_policies()
        with captured_queries() as queries:
            place(client, code)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 14, counts


def test_from_a_draft_to_a_published_version_in_the_browser() -> None:
    author = browser("author", "compliance.propose_policy")
    approver = browser("approver", "compliance.publish_policy")
    terms = {
        "jurisdiction": "MT", "parameter": "min_age", "value": "21", "confidence": "A", "sources": ["MT_FAQ"],
        "valid_from": "2026-01-01",
    }  # fmt: skip
    assert approver.post(reverse("admin:compliance_policy_draft"), terms).status_code == 403

    made = author.post(reverse("admin:compliance_policy_draft"), terms)
    version = PolicyVersion.objects.get(origin="staff")
    assert made.headers["Location"] == reverse("admin:compliance_policyversion_change", args=[version.pk])
    author.post(reverse("admin:compliance_policyversion_propose", args=[version.pk]), {"reason": "as the FAQ says"})
    request = ApprovalRequest.objects.get()
    approve = reverse("admin:compliance_approvalrequest_approve", args=[request.pk])
    author.post(approve, {"seen": request.payload_hash})
    assert PolicyVersion.objects.get(pk=version.pk).state == "proposed"
    approver.post(approve, {"seen": request.payload_hash})

    assert PolicyVersion.objects.get(pk=version.pk).state == "published"
    assert shown(place(author, "MT", on="2026-01-01", known="now"), "min_age") == ["21 years"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": "twenty"}, "Enter a valid JSON"),
        ({"value": '"21"'}, "is of the type int"),
        ({"valid_to": "2025-01-01"}, "The last day comes before the first"),
        ({"sources": []}, "required"),
        ({"jurisdiction": "XX"}, "Select a valid choice"),
    ],
)
def test_a_draft_that_makes_no_sense_is_shown_again_with_what_is_wrong(change: dict[str, Any], said: str) -> None:
    terms = {
        "jurisdiction": "MT", "parameter": "min_age", "value": "21", "confidence": "A", "sources": ["MT_FAQ"],
        "valid_from": "2026-01-01",
    }  # fmt: skip

    reply = browser("author", "compliance.propose_policy").post(
        reverse("admin:compliance_policy_draft"), {**terms, **change}
    )

    assert reply.status_code == 400
    assert said in reply.content.decode()
    assert not PolicyVersion.objects.filter(origin="staff").exists()


def test_whoever_may_not_see_policies_sees_none() -> None:
    person = make_staff("outsider")
    client = Client()
    client.force_login(person)

    for address in (
        reverse("admin:compliance_policy_places"),
        reverse("admin:compliance_policy_place", args=["GB"]),
        reverse("admin:compliance_policy_compare"),
        reverse("admin:compliance_policy_draft"),
        reverse("admin:compliance_policyversion_changelist"),
    ):
        assert client.get(address).status_code == 403, address
