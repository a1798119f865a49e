"""The matrix: read with all its complaints, compared before it is applied, applied once, changes brought to people."""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from apps.brands.models import Jurisdiction
from apps.compliance.approvals import decide_approval
from apps.compliance.models import ApprovalRequest, PolicyParameter, PolicySource, PolicyVersion
from apps.compliance.policies import policy
from apps.compliance.policy_file import SHIPPED, MatrixNotSound, read_matrix
from apps.core import clock
from tests.factories.policies import load_matrix
from tests.factories.staff import make_staff

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("load_policies", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(SHIPPED.read_text())
    return loaded


@pytest.fixture
def changed(tmp_path: Path, document: dict[str, Any]) -> Any:
    def write(**values: Any) -> Path:
        """Change or drop values: ``GB__min_age={"v": 19}``."""
        for place, entry in values.items():
            code, parameter = place.split("__")
            of_place = document["jurisdictions"][code.replace("_", "-")]["values"]
            of_place.pop(parameter) if entry is None else of_place.setdefault(parameter, {}).update(entry)
        path = tmp_path / "matrix.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
        return path

    return write


def test_showing_the_difference_changes_nothing() -> None:
    told = run()

    assert "+ jurisdiction CA-ON: Ontario, days begin in America/Toronto" in told
    assert "+ GB deposit_limit_basis: 'gross' from 2026-09-30 (B) – in force at once" in told
    assert "+ GB min_age: 18 (C) – stays off until two people publish it" in told
    assert "157 of 157 values differ" in told
    counts = [model.objects.count() for model in (PolicyVersion, PolicyParameter, PolicySource, Jurisdiction)]
    assert counts == [0, 0, 0, 0]


def test_an_empty_book_is_filled_and_filling_it_again_changes_nothing() -> None:
    run("--apply")

    states = list(PolicyVersion.objects.values_list("state", flat=True))
    assert (states.count("published"), states.count("draft"), len(states)) == (110, 47, 157)
    assert (PolicyParameter.objects.count(), Jurisdiction.objects.count()) == (48, 10)
    assert run("--apply") == "Nothing to change: the database has all 157 values of the file.\n"
    assert PolicyVersion.objects.count() == 157


def test_each_jurisdiction_has_the_zone_in_which_its_days_begin() -> None:
    run("--apply")

    assert dict(Jurisdiction.objects.values_list("code", "timezone")) == {
        "GB": "Europe/London", "MT": "Europe/Malta", "SE": "Europe/Stockholm", "DE": "Europe/Berlin",
        "NL": "Europe/Amsterdam", "CA-ON": "America/Toronto", "US-NJ": "America/New_York",
        "DK": "Europe/Copenhagen", "ES": "Europe/Madrid", "EU": "Europe/Brussels",
    }  # fmt: skip


def test_only_a_and_b_values_in_force_are_published_without_people() -> None:
    run("--apply")

    for version in PolicyVersion.objects.exclude(state="published"):
        assert version.confidence == "C" or version.legal_status != "in_force" or version.value is None
    live = PolicyVersion.objects.filter(state="published")
    assert set(live.values_list("confidence", "legal_status")) == {("A", "in_force"), ("B", "in_force")}
    assert not live.exclude(maker=None, checker=None).exists()


def test_a_changed_value_of_a_live_book_waits_for_a_second_person(changed: Any) -> None:
    load_matrix()
    make_staff("author", "compliance.propose_policy")
    approver = make_staff("approver", "compliance.publish_policy")
    path = changed(SE__limit_increase_delay_hours={"v": 96})

    told = run("--file", str(path), "--apply", "--maker", "author")

    assert "~ SE limit_increase_delay_hours: 72 (A) → 96 (A) – a second person has to publish it" in told
    today = clock.now().date()
    assert policy("limit_increase_delay_hours", jurisdiction="SE", on=today).value == 72
    request = ApprovalRequest.objects.get()
    decide_approval(request_id=request.pk, checker=approver, approve=True, reason="read it", now=clock.now())
    assert policy("limit_increase_delay_hours", jurisdiction="SE", on=today).value == 96
    versions = PolicyVersion.objects.filter(jurisdiction="SE", parameter="limit_increase_delay_hours")
    assert [row.state for row in versions] == ["published", "superseded"]


def test_without_a_maker_a_change_stays_a_draft(changed: Any) -> None:
    load_matrix()

    run("--file", str(changed(SE__limit_increase_delay_hours={"v": 1})), "--apply")

    assert not ApprovalRequest.objects.exists()
    assert policy("limit_increase_delay_hours", jurisdiction="SE", on=clock.now().date()).value == 72
    assert "Nothing to change" in run("--file", str(changed()), "--apply")


def test_a_maker_without_the_right_brings_nothing_in(changed: Any) -> None:
    load_matrix()
    make_staff("clerk")

    with pytest.raises(PermissionDenied):
        run("--file", str(changed(SE__limit_increase_delay_hours={"v": 1})), "--apply", "--maker", "clerk")
    with pytest.raises(CommandError, match="nobody"):
        run("--maker", "nobody")

    assert PolicyVersion.objects.count() == 157


def test_what_is_no_longer_in_the_file_stays_in_force_and_is_named(changed: Any) -> None:
    load_matrix()

    told = run("--file", str(changed(GB__max_stake=None)))

    assert "! GB max_stake: no longer in the file; withdraw it on its page" in told
    assert policy("max_stake", jurisdiction="GB", on=clock.now().date(), age=30).value != []


def test_what_staff_withdrew_is_not_brought_back_by_the_same_file() -> None:
    load_matrix()
    version = PolicyVersion.objects.get(jurisdiction="GB", parameter="turbo_allowed")
    version.withdraw(at=clock.now(), reason="not so")
    version.save(update_fields=["state", "ended_at", "ended_reason"])

    assert "Nothing to change" in run("--apply")


@pytest.mark.parametrize(
    ("place", "entry", "complaint"),
    [
        ("GB__min_age", {"v": "eighteen"}, "'eighteen' is not of the type int"),
        ("GB__min_age", {"v": True}, "True is not of the type int"),
        ("GB__limit_setting_mode", {"v": "gently"}, "'gently' is none of offer"),
        ("GB__min_age", {"conf": "D"}, "conf 'D'"),
        ("GB__min_age", {"src": ["NOWHERE"]}, "src ['NOWHERE']"),
        ("GB__min_age", {"src": []}, "src []"),
        ("GB__min_age", {"from": "May 2026"}, "'May 2026' is not an ISO date"),
        ("GB__min_age", {"from": "2026-05-02", "to": "2026-05-01"}, "ends before it begins"),
        ("GB__min_age", {"status": "rumoured"}, "status 'rumoured'"),
        ("GB__min_age", {"vallue": 18}, "unknown keys vallue"),
        ("GB__min_wage", {"v": 18, "conf": "A", "src": ["KNOW"]}, "no such parameter"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_the_place(
    changed: Any, place: str, entry: dict[str, Any], complaint: str
) -> None:
    path = changed(**{place: entry})

    with pytest.raises(MatrixNotSound) as refused:
        read_matrix(path)
    with pytest.raises(CommandError):
        run("--file", str(path), "--apply")

    assert refused.value.complaints == [f"jurisdictions.GB.values.{place[4:]}: {complaint}"] or complaint in str(
        refused.value
    )
    assert not PolicyVersion.objects.exists()


def test_a_bare_no_for_norway_is_noticed(tmp_path: Path, document: dict[str, Any]) -> None:
    document["jurisdictions"][False] = document["jurisdictions"].pop("DK")
    path = tmp_path / "matrix.yaml"
    path.write_text(yaml.safe_dump(document))

    with pytest.raises(MatrixNotSound, match=r"jurisdictions\.False"):
        read_matrix(path)


@pytest.mark.parametrize("text", ["", "- a list", "schema_version: 2", "a: [", "\x00"])
def test_what_is_no_matrix_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(text)

    with pytest.raises(MatrixNotSound):
        read_matrix(path)


def test_a_phrase_without_quotes_is_put_together_again() -> None:
    meanings = {each.code: each.meaning for each in read_matrix().parameters}

    assert meanings["rg_monitoring"] == "marker set, reaction time, mandated actions"
