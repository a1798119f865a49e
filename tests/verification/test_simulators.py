"""The simulated vendors over HTTP, against the running platform: the whole way, with what may go wrong on it."""

import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx2
import pytest

from apps.brands.models import Brand
from apps.core import clock
from apps.core.ids import uuid7
from apps.integrations.connections import forget_connections
from apps.integrations.models import InboundEvent, Integration
from apps.players.models import Player
from apps.sandbox.kyc_models import SimulatedKycSession, SimulatedKycVendor, SimulatedKycWebhook
from apps.sandbox.seeding.kyc import kyc_documents, seed_kyc
from apps.sandbox.seeding.places import AURORA, seed_places
from apps.verification.inbox_tasks import process_event
from apps.verification.models import Verification
from apps.verification.operations.sessions import begin_verification
from tests.factories.games import make_player
from tests.harness.live import LivePlatform


@pytest.fixture
def seeded(live_platform: LivePlatform) -> Iterator[LivePlatform]:
    with live_platform.in_database():
        seed_places(live_platform.base_url)
        seed_kyc(live_platform.base_url, now=clock.now())
        forget_connections()
        switches = dict(Integration.objects.filter(kind="identity").values_list("slug", "switch"))
        yield live_platform
        # Other tests of this platform verify people at the vendor that the demo chose.
        for slug, switch in switches.items():
            Integration.objects.filter(slug=slug).update(switch=switch)
        SimulatedKycVendor.objects.update(telling="once")
        forget_connections()


def _player(platform: LivePlatform, vendor: str) -> Player:
    """Somebody new, at a brand whose vendor this is."""
    others = Integration.objects.filter(kind="identity", switch="on").exclude(slug=vendor).update(switch="off")
    if Integration.objects.filter(slug=vendor).exclude(switch="on").update(switch="on") + others:
        platform.await_connections()
    forget_connections()
    return make_player(f"sim-{uuid4().hex[:12]}", brand=Brand.objects.get(code=AURORA))


def _work(since: UUID) -> set[str]:
    """
    Process what came since, beside the platform's own worker if another test started it.

    Returns the states it all ends in.
    """
    came = InboundEvent.objects.filter(integration__kind="identity", pk__gt=since)
    deadline = time.monotonic() + 10
    while (waiting := list(came.filter(state="received"))) and time.monotonic() < deadline:
        for row in waiting:
            process_event(row_id=str(row.pk))
    return set(came.values_list("state", flat=True))


def _choose(platform: LivePlatform, verification: Verification, outcome: str, **shown: str) -> None:
    session = SimulatedKycSession.objects.get(session_id=verification.vendor_session)
    assert verification.session_url == f"{platform.base_url}/sandbox/vendors/kyc/sessions/{session.pk}"
    assert httpx2.get(verification.session_url).status_code == 200
    answer = httpx2.post(f"{verification.session_url}/act", data={"outcome": outcome, **shown})
    assert answer.status_code == 302


@pytest.mark.parametrize("vendor", ["onfido", "sumsub"])
@pytest.mark.parametrize("telling", ["once", "twice", "reversed", "tampered"])
def test_what_a_tester_chooses_arrives_however_it_is_told(seeded: LivePlatform, vendor: str, telling: str) -> None:
    SimulatedKycVendor.objects.filter(slug=vendor).update(telling=telling)
    start = uuid7()
    verification = begin_verification(player=_player(seeded, vendor), level="identity", now=clock.now())
    _choose(seeded, verification, "approved")
    session = SimulatedKycSession.objects.get(session_id=verification.vendor_session)
    webhooks = SimulatedKycWebhook.objects.filter(session=session)
    assert all(each.acknowledged_at for each in webhooks), list(webhooks.values_list("word", "answer"))
    assert _work(start) == {"processed"}
    assert Verification.objects.get(pk=verification.pk).state == "approved"


@pytest.mark.parametrize("vendor", ["onfido", "sumsub"])
def test_a_later_rejection_revokes_and_a_false_person_is_reviewed(seeded: LivePlatform, vendor: str) -> None:
    SimulatedKycVendor.objects.filter(slug=vendor).update(telling="once")
    start = uuid7()
    verification = begin_verification(player=_player(seeded, vendor), level="identity", now=clock.now())
    _choose(seeded, verification, "approved", dob="1970-01-01")
    _work(start)
    assert Verification.objects.get(pk=verification.pk).staff_reason == "profile-mismatch"
    _choose(seeded, verification, "rejected")
    _work(start)
    assert Verification.objects.get(pk=verification.pk).state == "rejected"


def test_the_document_names_what_the_contract_names(seeded: LivePlatform) -> None:
    documents = kyc_documents(seeded.base_url)
    assert documents["onfido"]["credentials"].keys() == {"webhook_token"}
    assert documents["sumsub"]["credentials"].keys() == {"webhook_secret", "webhook_algorithm"}
    assert documents["sumsub"]["base_url"] == f"{seeded.base_url}/kyc/sumsub"
