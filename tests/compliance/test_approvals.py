"""Four eyes: what was asked for happens once, as it was asked for, or not at all. Who may, is in its own module."""

from datetime import timedelta
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, connections, transaction

from apps.brands.models import Jurisdiction
from apps.compliance.approval_commands import ApprovalNotSound, register_command
from apps.compliance.approvals import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalStale,
    ApprovalUnknown,
    UnableToExecute,
    cancel_request,
    decide_approval,
    request_approval,
)
from apps.compliance.models import ApprovalEvent, ApprovalRequest
from apps.compliance.tasks import end_stale_requests
from apps.core.errors import DomainError
from tests.compliance import desk
from tests.compliance.desk import (
    CHECK,
    LATER,
    MAKE,
    NAME,
    NOW,
    PAYLOAD,
    asked,
    checker,
    decide,
    events,
    maker,
    place,
    state,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("command")]


def test_two_people_carry_a_command_out_once() -> None:
    request = asked()
    assert place().name == "Place"

    done = decide(request, checker())

    assert place().name == "Place!"
    assert (done.state, done.executed_at, done.checker, done.result) == (
        "executed", LATER, checker(), {"name": "Place!", "by": ["mia", "chris"]},
    )  # fmt: skip
    assert events(request) == [("asked", "mia"), ("executed", "chris")]
    assert desk.abandoned == []


def test_what_was_decided_is_not_decided_again() -> None:
    request = asked()
    decide(request, checker())

    for approve in (True, False):
        with pytest.raises(ApprovalDecided):
            decide(request, checker("cleo"), approve=approve)

    assert place().name == "Place!"
    assert events(request) == [("asked", "mia"), ("executed", "chris")]


@pytest.mark.parametrize(
    "change",
    [{"payload": {"code": "GB"}}, {"maker_id": None}, {"expires_at": LATER + timedelta(days=9)}, {"command": "other"},
     {"payload_hash": "0" * 64}, {"reason": "another"}],
)  # fmt: skip
def test_what_was_asked_for_cannot_be_changed(change: dict[str, Any]) -> None:
    request = asked()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ApprovalRequest.objects.filter(pk=request.pk).update(**change)


def test_a_decision_and_its_history_cannot_be_changed_or_deleted() -> None:
    request = asked()
    decide(request, checker(), approve=False)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    for statement in (
        "UPDATE compliance_approvalrequest SET state = 'waiting', checker_id = NULL, decided_at = NULL",
        "DELETE FROM compliance_approvalrequest",
        "UPDATE compliance_approvalevent SET note = ''",
        "DELETE FROM compliance_approvalevent",
        "TRUNCATE compliance_approvalevent",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_an_expired_request_is_not_carried_out() -> None:
    request = asked(expires_at=LATER)

    with pytest.raises(ApprovalExpired):
        decide(request, checker(), at=LATER)

    assert (state(request), place().name, desk.abandoned) == ("expired", "Place", [PAYLOAD])


def test_the_last_moment_before_it_expires_is_soon_enough() -> None:
    request = asked(expires_at=LATER)

    decide(request, checker(), at=LATER - timedelta(microseconds=1))

    assert place().name == "Place!"


def test_the_task_ends_what_is_over_or_void_and_nothing_else() -> None:
    over, void, fine = asked(expires_at=LATER), asked(maker("leaver")), asked()
    User.objects.filter(username="leaver").update(is_active=False)

    with time_machine.travel(LATER, tick=False):
        assert (end_stale_requests(), end_stale_requests()) == (2, 0)

    assert [state(each) for each in (over, void, fine)] == ["expired", "void", "waiting"]


def test_a_request_that_rests_on_something_changed_is_refused_for_good() -> None:
    request = asked()
    Jurisdiction.objects.filter(pk="XX").update(timezone="Europe/Malta")

    with pytest.raises(ApprovalStale):
        decide(request, checker())

    assert (state(request), place().name, desk.abandoned) == ("refused", "Place", [PAYLOAD])
    Jurisdiction.objects.filter(pk="XX").update(timezone="UTC")
    with pytest.raises(ApprovalDecided):
        decide(request, checker())


def test_a_payload_that_makes_no_sense_any_more_is_refused_for_good() -> None:
    request = asked()
    Jurisdiction.objects.all().delete()

    with pytest.raises(ApprovalStale):
        decide(request, checker())

    assert state(request) == "refused"


def test_a_payload_changed_behind_the_platforms_back_is_refused() -> None:
    request = asked()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE compliance_approvalrequest DISABLE TRIGGER fixed_terms")
        cursor.execute('UPDATE compliance_approvalrequest SET payload = \'{"code": "XX", "add": " is mine"}\'')
        cursor.execute("ALTER TABLE compliance_approvalrequest ENABLE TRIGGER fixed_terms")

    with pytest.raises(ApprovalStale):
        decide(request, checker())

    assert (state(request), place().name) == ("refused", "Place")


def test_what_cannot_be_carried_out_now_leaves_nothing_behind_and_goes_on_waiting() -> None:
    request = asked()
    Jurisdiction.objects.filter(pk="XX").update(regulator="unhelpful")

    with pytest.raises(UnableToExecute, match="The name is taken"):
        decide(request, checker())

    assert (state(request), place().name) == ("waiting", "Place")
    assert events(request) == [("asked", "mia"), ("failed", "chris")]
    Jurisdiction.objects.filter(pk="XX").update(regulator="")
    assert decide(request, checker()).state == "executed"


def test_a_rejection_says_why() -> None:
    request = asked()

    with pytest.raises(ApprovalNotSound):
        decide_approval(request_id=request.pk, checker=checker(), approve=False, reason=" no ", now=LATER)
    decide(request, checker(), approve=False)

    assert (state(request), place().name, desk.abandoned) == ("rejected", "Place", [PAYLOAD])


def test_a_maker_takes_back_his_own_request_and_no_other() -> None:
    request = asked()

    with pytest.raises(ApprovalUnknown):
        cancel_request(request_id=request.pk, maker=maker("another"), reason="mine", now=LATER)
    cancel_request(request_id=request.pk, maker=request.maker, reason="a typing error", now=LATER)

    assert (state(request), desk.abandoned) == ("cancelled", [PAYLOAD])
    with pytest.raises(ApprovalDecided):
        decide(request, checker())


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"command": "nobody.knows"}, ApprovalNotSound),
        ({"reason": "  four "}, ApprovalNotSound),
        ({"reason": "x" * 2001}, ApprovalNotSound),
        ({"expires_at": NOW}, ApprovalNotSound),
        ({"subject_player_id": 404}, ApprovalUnknown),
        ({"payload": {"code": "YY", "add": "!"}}, desk.PlaceGone),
    ],
)
def test_a_request_has_to_make_sense(terms: dict[str, Any], error: type[DomainError]) -> None:
    place()
    sound = {"command": NAME, "payload": PAYLOAD, "maker": maker(), "reason": "the name is too short", "now": NOW}

    with pytest.raises(error):
        request_approval(**{**sound, **terms})

    assert not ApprovalRequest.objects.exists()
    assert not ApprovalEvent.objects.exists()


@pytest.mark.parametrize("value", [0.1, [1, 2.5], {"deep": {"er": 1.0}}])
def test_a_payload_holds_no_floating_point(value: Any) -> None:
    with pytest.raises(TypeError):
        request_approval(command=NAME, payload={"x": value}, maker=maker(), reason="because", now=NOW)


def test_a_command_needs_two_permissions() -> None:
    with pytest.raises(ValueError, match="two permissions"):
        register_command(
            "tests.one", title="", maker_permission=MAKE, checker_permission=MAKE, execute=print, describe=str
        )
    with pytest.raises(ValueError, match="app_label"):
        register_command(
            "tests.two", title="", maker_permission="x", checker_permission=MAKE, execute=print, describe=str
        )
    with pytest.raises(ValueError, match="called tests"):
        register_command(
            NAME, title="Other", maker_permission=MAKE, checker_permission=CHECK, execute=print, describe=str
        )


@pytest.mark.django_db(transaction=True)
def test_of_many_who_decide_at_once_one_does() -> None:
    request = asked()
    people = [checker(f"checker-{number}") for number in range(4)]
    barrier = Barrier(len(people) + 1)
    outcomes: list[str] = []

    def take_part(work: Any) -> None:
        barrier.wait()
        try:
            outcomes.append(work().state)
        except ApprovalDecided:
            outcomes.append("too late")
        finally:
            connections.close_all()

    work: list[Any] = [partial(decide, request, person) for person in people]
    work.append(lambda: cancel_request(request_id=request.pk, maker=request.maker, reason="changed", now=LATER))
    threads = [Thread(target=take_part, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("too late") == 4
    final = state(request)
    assert final in outcomes
    assert place().name == ("Place!" if final == "executed" else "Place")
