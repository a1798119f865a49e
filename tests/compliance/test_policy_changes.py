"""How a policy comes into force and out of it: drafted, proposed, published by a second person, withdrawn."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django_fsm import TransitionNotAllowed

from apps.brands.models import Jurisdiction
from apps.compliance.approvals import ApprovalStale, decide_approval, end_stale_requests
from apps.compliance.models import ApprovalRequest, PolicyParameter, PolicySource, PolicyVersion
from apps.compliance.policies import policy
from apps.compliance.policy_changes import (
    PolicyNotSound,
    PolicyUnknown,
    Terms,
    ask_to_withdraw,
    discard_draft,
    draft_policy,
    propose_policy,
)
from tests.factories.policies import load_matrix, put_in_force
from tests.factories.staff import make_staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
State = PolicyVersion.State


@pytest.fixture(autouse=True)
def desk() -> None:
    make_staff("author", "compliance.propose_policy")
    make_staff("approver", "compliance.publish_policy")
    Jurisdiction.objects.create(code="MT", name="Malta", timezone="Europe/Malta")
    PolicyParameter.objects.create(code="min_age", value_type="int", unit="years")
    PolicySource.objects.create(code="TEST", title="Test", kind="regulator")


def user(name: str) -> User:
    return User.objects.get(username=name)


def drafted(value: Any = 21, **terms: Any) -> PolicyVersion:
    replaces = terms.pop("replaces_id", None)
    whole = Terms("MT", "min_age", value, **{"sources": ("TEST",), "confidence": "A", **terms})
    return draft_policy(terms=whole, maker=user("author"), now=NOW, replaces_id=replaces)


def decide(request: ApprovalRequest, *, approve: bool = True) -> ApprovalRequest:
    return decide_approval(
        request_id=request.pk, checker=user("approver"), approve=approve, reason="compared with the text", now=NOW
    )


def published(version: PolicyVersion) -> PolicyVersion:
    decide(propose_policy(version_id=version.pk, maker=user("author"), reason="as the law says", now=NOW))
    return PolicyVersion.objects.get(pk=version.pk)


def min_age(on: date = TODAY) -> Any:
    found = policy("min_age", jurisdiction="MT", on=on)
    return found.value if found.jurisdiction == "MT" else None


def test_a_draft_is_in_force_only_once_a_second_person_published_it() -> None:
    version = drafted()
    assert min_age() is None

    request = propose_policy(version_id=version.pk, maker=user("author"), reason="as the law says", now=NOW)
    assert (min_age(), request.summary) == (None, "Min age of Malta becomes 21 years, no known bound.")
    decide(request)

    assert min_age() == 21


def test_a_value_of_general_knowledge_is_off_until_two_people_publish_it() -> None:
    load_matrix()
    draft = PolicyVersion.objects.get(jurisdiction="MT", parameter="min_age")
    assert (draft.state, draft.maker, min_age()) == (State.DRAFT, None, None)

    found = published(draft)

    assert min_age() == 18
    assert (found.maker, found.checker, found.confidence) == (user("author"), user("approver"), "C")


def test_what_covers_every_day_of_another_supersedes_it() -> None:
    old = put_in_force("MT", "min_age", 18, valid_from=date(2020, 1, 1))

    new = published(drafted(21))

    old.refresh_from_db(fields=["ended_at", "ended_reason"])
    assert PolicyVersion.objects.get(pk=old.pk).state == State.SUPERSEDED
    assert (old.ended_at, old.ended_reason) == (NOW, f"by version {new.pk}")
    assert min_age() == 21


def test_what_begins_later_leaves_the_days_before_to_the_older_one() -> None:
    old = put_in_force("MT", "min_age", 18)

    published(drafted(21, valid_from=date(2027, 1, 1)))

    assert PolicyVersion.objects.get(pk=old.pk).state == State.PUBLISHED
    assert (min_age(date(2026, 12, 31)), min_age(date(2027, 1, 1))) == (18, 21)


def test_a_date_that_moved_is_told_by_a_version_that_replaces_the_other() -> None:
    put_in_force("MT", "min_age", 18)
    moved = put_in_force("MT", "min_age", 21, valid_from=date(2026, 6, 30))

    published(drafted(21, valid_from=date(2026, 9, 30), replaces_id=moved.pk))

    assert [min_age(day) for day in (date(2026, 6, 30), date(2026, 9, 29), date(2026, 9, 30))] == [18, 18, 21]
    assert PolicyVersion.objects.get(pk=moved.pk).state == State.SUPERSEDED


def test_withdrawing_takes_two_people_and_brings_the_older_one_back() -> None:
    put_in_force("MT", "min_age", 18)
    wrong = put_in_force("MT", "min_age", 81, valid_from=date(2026, 6, 30))

    request = ask_to_withdraw(version_id=wrong.pk, maker=user("author"), reason="typing error", now=NOW)
    assert min_age() == 81
    decide(request)

    assert min_age() == 18
    found = PolicyVersion.objects.get(pk=wrong.pk)
    assert (found.state, found.ended_at, found.ended_reason) == (State.WITHDRAWN, NOW, "typing error")


@pytest.mark.parametrize("how", ["rejected", "expired"])
def test_a_proposal_that_nobody_published_is_a_draft_again(how: str) -> None:
    version = drafted()
    request = propose_policy(version_id=version.pk, maker=user("author"), reason="as the law says", now=NOW)
    if how == "rejected":
        decide(request, approve=False)
    else:
        assert end_stale_requests(now=NOW + timedelta(days=4)) == 1

    assert PolicyVersion.objects.get(pk=version.pk).state == State.DRAFT
    assert published(version).state == State.PUBLISHED


def test_a_version_is_proposed_once() -> None:
    version = drafted()
    propose_policy(version_id=version.pk, maker=user("author"), reason="as the law says", now=NOW)

    with pytest.raises(PolicyUnknown):
        propose_policy(version_id=version.pk, maker=user("author"), reason="as the law says", now=NOW)

    assert ApprovalRequest.objects.count() == 1


def test_only_its_author_proposes_or_discards_a_draft() -> None:
    version = drafted()
    other = make_staff("other", "compliance.propose_policy")

    with pytest.raises(PolicyUnknown):
        propose_policy(version_id=version.pk, maker=other, reason="as the law says", now=NOW)
    with pytest.raises(PolicyUnknown):
        discard_draft(version_id=version.pk, maker=other, reason="no need", now=NOW)
    with pytest.raises(PermissionDenied):
        discard_draft(version_id=version.pk, maker=user("approver"), reason="no need", now=NOW)
    with pytest.raises(PermissionDenied):
        draft_policy(terms=Terms("MT", "min_age", 21), maker=user("approver"), now=NOW)

    assert discard_draft(version_id=version.pk, maker=user("author"), reason="no need", now=NOW).state == "withdrawn"


def test_a_version_replaced_in_the_meantime_makes_the_request_stale() -> None:
    old = put_in_force("MT", "min_age", 18)
    request = propose_policy(
        version_id=drafted(21, replaces_id=old.pk).pk, maker=user("author"), reason="as the law says", now=NOW
    )
    decide(ask_to_withdraw(version_id=old.pk, maker=user("author"), reason="typing error", now=NOW))

    with pytest.raises(ApprovalStale):
        decide(request)

    assert min_age() is None


@pytest.mark.parametrize(
    "terms",
    [
        {"value": "18"},
        {"value": True},
        {"value": -1},
        {"value": 18.5},
        {"value": 18, "valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 31)},
        {"value": 18, "sources": ("NOBODY",)},
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, Any]) -> None:
    put_in_force("MT", "min_age", 18)

    with pytest.raises(PolicyNotSound):
        drafted(**terms)

    assert PolicyVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("identity_verification_gate", "some_day"),
        ("max_stake", {"amount": 2}),
        ("max_stake", [{"amount": 2, "from": "9 April 2025"}]),
        ("max_stake", [{"amount": 2, "from": "2025-04-09", "to": "2025-04-08"}]),
        ("max_stake", [{"amount": 2, "age_min": "18"}]),
        ("nobody_knows", 1),
    ],
)
def test_a_value_has_the_type_of_its_parameter(parameter: str, value: Any) -> None:
    load_matrix()

    with pytest.raises(PolicyNotSound):
        draft_policy(terms=Terms("MT", parameter, value, sources=("KNOW",)), maker=user("author"), now=NOW)


@pytest.mark.parametrize("missing", ["value", "sources"])
def test_what_has_no_value_or_no_source_cannot_be_published(missing: str) -> None:
    version = drafted(**({"value": None} if missing == "value" else {"sources": ()}))

    with pytest.raises(PolicyNotSound):
        propose_policy(version_id=version.pk, maker=user("author"), reason="as the law says", now=NOW)

    assert not ApprovalRequest.objects.exists()


@pytest.mark.parametrize("statement", [
    "UPDATE compliance_policyversion SET value = '16'",
    "UPDATE compliance_policyversion SET valid_from = '2020-01-01'",
    "UPDATE compliance_policyversion SET maker_id = checker_id",
    "UPDATE compliance_policyversion SET published_at = now()",
    "UPDATE compliance_policyversion SET state = 'draft', published_at = NULL, checker_id = NULL",
    "DELETE FROM compliance_policyversion",
    "TRUNCATE compliance_policyversion CASCADE",
])  # fmt: skip
def test_what_was_published_never_changes(statement: str) -> None:
    put_in_force("MT", "min_age", 18)

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)


def test_the_database_refuses_one_person_as_maker_and_checker() -> None:
    version = drafted()
    author = user("author")

    with pytest.raises(IntegrityError, match=r"second_person|two_people"), transaction.atomic():
        PolicyVersion.objects.filter(pk=version.pk).update(
            state="published", checker=author, proposed_at=NOW, published_at=NOW
        )


MOVES = {
    (State.DRAFT, "propose"): State.PROPOSED,
    (State.PROPOSED, "send_back"): State.DRAFT,
    (State.PROPOSED, "publish"): State.PUBLISHED,
    (State.PUBLISHED, "supersede"): State.SUPERSEDED,
    (State.DRAFT, "withdraw"): State.WITHDRAWN,
    (State.PROPOSED, "withdraw"): State.WITHDRAWN,
    (State.PUBLISHED, "withdraw"): State.WITHDRAWN,
}


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("move", ["propose", "send_back", "publish", "supersede", "withdraw"])
def test_every_state_allows_its_own_moves_only(state: str, move: str) -> None:
    terms: dict[str, dict[str, Any]] = {
        "propose": {"maker": user("author"), "at": NOW},
        "send_back": {},
        "publish": {"checker": user("approver"), "at": NOW},
        "supersede": {"at": NOW, "reason": ""},
        "withdraw": {"at": NOW, "reason": ""},
    }
    version = PolicyVersion()
    vars(version)["state"] = state

    target = MOVES.get((State(state), move))

    if target is None:
        with pytest.raises(TransitionNotAllowed):
            getattr(version, move)(**terms[move])
        assert version.state == state
    else:
        getattr(version, move)(**terms[move])
        assert version.state == target
