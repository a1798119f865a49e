"""The kill switch works at once, for those who may use it, with a reason, on record."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from apps.integrations.connections import connection
from apps.integrations.models import Integration
from apps.integrations.switches import UnableToSwitch, switch_integration
from tests.integrations.exchanges import NOW, make_integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    person = User.objects.create_user("ops")
    person.user_permissions.add(Permission.objects.get(codename="switch_integration"))
    return person


def test_a_thrown_switch_is_seen_at_once_and_is_on_record(operator: User) -> None:
    integration = make_integration()
    before = connection("vendor")
    assert before is not None
    assert before.switch == "on"
    switch_integration(slug="vendor", to="no_new_play", reason=" Odd wins ", actor=operator, now=NOW)
    after = connection("vendor")
    assert after is not None
    assert after.switch == "no_new_play"
    integration.refresh_from_db()
    assert (integration.switch_reason, integration.switch_changed_at) == ("Odd wins", NOW)
    event = integration.events.get()
    assert (event.action, event.reason, event.actor, event.at) == ("switched", "Odd wins", operator, NOW)
    assert event.details == {"before": "on", "to": "no_new_play"}
    version = apps.get_model("integrations", "HistoricalIntegration").objects.latest()
    assert (version.switch, version.history_user, version.history_change_reason) == (
        "no_new_play",
        operator,
        "Odd wins",
    )


def test_switching_to_where_it_is_records_nothing(operator: User) -> None:
    integration = make_integration()
    switch_integration(slug="vendor", to="on", reason="sure?", actor=operator, now=NOW)
    assert not integration.events.exists()


@pytest.mark.parametrize(("to", "reason"), [("sideways", "why not"), ("off", "  "), ("off", "x" * 301)])
def test_an_unknown_position_and_a_missing_reason_are_refused(operator: User, to: str, reason: str) -> None:
    make_integration()
    with pytest.raises(UnableToSwitch):
        switch_integration(slug="vendor", to=to, reason=reason, actor=operator, now=NOW)
    assert Integration.objects.get().switch == "on"


def test_staff_without_the_permission_switch_nothing() -> None:
    make_integration()
    with pytest.raises(PermissionDenied):
        switch_integration(slug="vendor", to="off", reason="x", actor=User.objects.create_user("support"), now=NOW)
    assert Integration.objects.get().switch == "on"


def test_events_can_not_be_changed(operator: User) -> None:
    integration = make_integration()
    switch_integration(slug="vendor", to="off", reason="x", actor=operator, now=NOW)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        integration.events.update(reason="y")
