"""The conformance suite of identity vendors: each case over HTTP, for each. No state that `fetch` does not confirm."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from apps.core import clock
from apps.integrations.models import Exchange, InboundEvent
from apps.verification.inbox_tasks import sweep_inbox
from apps.verification.models import PlayerFact, Verification, VerificationStep
from apps.verification.tasks import poll_sessions
from tests.verification.vendors import START, Message, Sumsub, Vendor


def _fresh(vendor: Vendor) -> Verification:
    return Verification.objects.get(pk=vendor.verification.pk)


def test_an_approval_that_the_vendor_confirms_becomes_facts(vendor: Vendor) -> None:
    vendor.say("approved")
    assert vendor.tell(vendor.webhook("approved")) == ["processed"]
    assert vendor.state() == "approved"
    facts = PlayerFact.objects.proven(clock.now()).filter(player=vendor.player)
    assert sorted(facts.values_list("kind", flat=True)) == ["age", "identity"]
    identity = facts.get(kind="identity")
    assert (identity.method, identity.level, identity.vendor_reference) == ("vendor", 2, vendor.api.session)
    assert len(identity.evidence_hash) == 64
    assert identity.valid_to is not None


@pytest.mark.parametrize("decision", ["rejected", "retry", "review"])
def test_each_decision_is_taken_over_and_proves_nothing(vendor: Vendor, decision: str) -> None:
    vendor.say(decision)
    vendor.tell(vendor.webhook(decision))
    assert vendor.state() == decision
    assert not PlayerFact.objects.exists()


def test_a_webhook_that_the_vendor_does_not_confirm_changes_nothing(vendor: Vendor) -> None:
    vendor.say("pending")
    assert vendor.tell(vendor.webhook("approved")) == ["processed"]
    assert vendor.state() == "pending"
    assert not PlayerFact.objects.exists()


def test_what_the_vendor_says_when_asked_counts_and_not_the_webhook(vendor: Vendor) -> None:
    vendor.say("rejected")
    vendor.tell(vendor.webhook("approved"))
    assert vendor.state() == "rejected"


def test_a_tampered_body_is_refused_and_not_kept(vendor: Vendor) -> None:
    good = vendor.webhook("rejected")
    forged = Message(good.body.replace(b"declined", b"approved").replace(b"RED", b"GREEN"), good.headers)
    assert forged.body != good.body
    response = vendor.send(forged)
    assert (response.status_code, response.content) == (401, b"")
    assert not InboundEvent.objects.exists()
    assert vendor.state() == "pending"


def test_the_same_json_written_differently_is_refused(vendor: Vendor) -> None:
    good = vendor.webhook("approved")
    again = Message(json.dumps(json.loads(good.body), indent=1).encode(), good.headers)
    assert vendor.send(again).status_code == 401


def test_a_missing_signature_is_refused(vendor: Vendor) -> None:
    good = vendor.webhook("approved")
    assert vendor.send(Message(good.body, {})).status_code == 401
    assert vendor.send(Message(good.body, {"X-Signature": next(iter(good.headers.values()))})).status_code == 401


def test_a_replayed_webhook_is_answered_and_counted_once(vendor: Vendor) -> None:
    vendor.say("approved")
    message = vendor.webhook("approved")
    vendor.tell(message)
    calls = len(vendor.api.calls)
    steps = VerificationStep.objects.count()
    assert vendor.tell(message, message) == []
    row = InboundEvent.objects.get()
    assert (row.deliveries, row.state) == (3, "processed")
    assert (VerificationStep.objects.count(), len(vendor.api.calls)) == (steps, calls)
    assert PlayerFact.objects.count() == 2


def test_an_older_event_never_overrides_a_newer_decision(vendor: Vendor) -> None:
    vendor.say("approved", minutes=10)
    vendor.tell(vendor.webhook("approved", minutes=10))
    # Even if the vendor's API were behind its own webhooks.
    vendor.say("rejected", minutes=5)
    vendor.tell(vendor.webhook("rejected", minutes=5))
    assert vendor.state() == "approved"
    assert InboundEvent.objects.filter(result="older").count() == 1


def test_a_newer_final_rejection_revokes_an_approval_and_what_it_proved(vendor: Vendor) -> None:
    vendor.say("approved", minutes=5)
    vendor.tell(vendor.webhook("approved", minutes=5))
    vendor.say("rejected", minutes=20)
    vendor.tell(vendor.webhook("rejected", minutes=20))
    assert vendor.state() == "rejected"
    assert not PlayerFact.objects.proven(clock.now()).exists()
    standing = PlayerFact.objects.standing().values_list("kind", "outcome")
    assert sorted(standing) == [("age", "withdrawn"), ("identity", "withdrawn")]


def test_deliveries_in_reverse_order_end_where_the_vendor_is(vendor: Vendor) -> None:
    vendor.say("approved", minutes=9)
    late, early = vendor.webhook("approved", minutes=9), vendor.webhook("review", minutes=3)
    vendor.tell(late, early)
    assert vendor.state() == "approved"


def test_an_unknown_subject_is_answered_with_2xx_and_left_for_people(vendor: Vendor) -> None:
    vendor.api.reference = "01900000-0000-7000-8000-000000000000"
    assert vendor.tell(vendor.webhook("approved", session="somebody-else")) == ["unhandled"]
    assert vendor.state() == "pending"
    assert not PlayerFact.objects.exists()


def test_our_reference_and_the_vendors_id_have_to_belong_together(vendor: Vendor) -> None:
    vendor.say("approved")
    vendor.api.reference = "01900000-0000-7000-8000-000000000000"
    assert vendor.tell(vendor.webhook("approved")) == ["unhandled"]
    assert vendor.state() == "pending"


def test_an_event_of_the_vendors_live_environment_does_nothing_at_a_test_integration(sumsub: Sumsub) -> None:
    sumsub.say("approved")
    assert sumsub.tell(sumsub.webhook("approved", is_test=False)) == ["unhandled"]
    assert sumsub.state() == "pending"


def test_an_answer_from_another_environment_does_nothing(sumsub: Sumsub) -> None:
    sumsub.say("approved")
    sumsub.api.is_test = False
    assert sumsub.tell(sumsub.webhook("approved")) == ["unhandled"]
    assert sumsub.state() == "pending"


def test_with_the_vendor_unreachable_it_stays_pending_and_is_tried_again(vendor: Vendor) -> None:
    vendor.say("approved")
    vendor.api.is_down = True
    assert vendor.tell(vendor.webhook("approved")) == ["failed"]
    assert vendor.state() == "pending"
    row = InboundEvent.objects.get()
    assert row.next_attempt_at is not None
    vendor.api.is_down = False
    with time_machine.travel(row.next_attempt_at + timedelta(seconds=1), tick=True):
        assert sweep_inbox() == 1
        InboundEvent.objects.update(claimed_until=None)
        assert vendor.work() == ["processed"]
    assert vendor.state() == "approved"


def test_a_session_whose_webhook_was_lost_is_found_by_asking(vendor: Vendor) -> None:
    vendor.say("approved")
    due = _fresh(vendor).next_poll_at
    assert due == START + timedelta(minutes=10)
    with time_machine.travel(START.replace(hour=11), tick=True):
        assert poll_sessions() == 1
        assert poll_sessions() == 0
    assert vendor.state() == "approved"


def test_polling_a_silent_vendor_waits_longer_each_time(vendor: Vendor) -> None:
    vendor.api.is_down = True
    with time_machine.travel(START.replace(hour=11), tick=False):
        assert poll_sessions() == 1
        first = _fresh(vendor)
        assert first.state == "pending"
        assert first.next_poll_at == START.replace(hour=11) + timedelta(minutes=10)


def test_a_task_result_is_not_the_decision_of_its_run(onfido: Vendor) -> None:
    onfido.say("approved")
    document = {
        "payload": {
            "resource_type": "workflow_task",
            "action": "workflow_task.completed",
            "object": {"id": "document_check_1", "workflow_run_id": onfido.api.session, "status": "completed"},
            "resource": {"output": {"result": "clear"}},
        }
    }
    assert onfido.tell(onfido.signed(document)) == ["processed"]  # type: ignore[attr-defined]
    assert onfido.state() == "pending"
    assert InboundEvent.objects.get().result == "noted"


def test_a_webhook_that_overtakes_the_answer_to_its_start_waits(vendor: Vendor) -> None:
    session = vendor.verification.vendor_session
    Verification.objects.update(vendor_session="")
    vendor.say("approved")
    assert vendor.tell(vendor.webhook("approved", session=session)) == ["parked"]
    Verification.objects.update(vendor_session=session)
    assert vendor.work() == ["processed"]
    assert vendor.state() == "approved"


def test_signed_nonsense_is_refused_and_kept_as_an_exchange(vendor: Vendor) -> None:
    assert vendor.send(vendor.signed({"hello": "world"})).status_code == 400  # type: ignore[attr-defined]
    assert not InboundEvent.objects.exists()


def test_any_active_secret_verifies_and_a_revoked_one_does_not(vendor: Vendor) -> None:
    from apps.integrations.connections import forget_connections  # noqa: PLC0415 - for this test
    from apps.integrations.credentials import add_credential  # noqa: PLC0415 - likewise
    from tests.factories.identity import KEYS  # noqa: PLC0415 - likewise

    purpose, name, _ = KEYS[vendor.name][0]
    made = add_credential(
        integration=vendor.integration,
        purpose=purpose,
        name=name,
        secret=b"a-second-secret",
        actor=None,
        now=clock.now(),
    )
    forget_connections()
    document = json.loads(vendor.webhook("pending").body)
    assert vendor.send(vendor.signed(document, "a-second-secret")).status_code == 200  # type: ignore[attr-defined]
    assert vendor.send(vendor.webhook("pending")).status_code == 200
    type(made).objects.filter(pk=made.pk).update(revoked_at=clock.now())
    forget_connections()
    assert vendor.send(vendor.signed(document, "a-second-secret")).status_code == 401  # type: ignore[attr-defined]


def test_a_stronger_or_weaker_algorithm_than_the_pinned_one_is_refused(sumsub: Sumsub) -> None:
    import hashlib  # noqa: PLC0415 - for this test
    import hmac  # noqa: PLC0415 - likewise

    body = sumsub.webhook("approved").body
    for named, digest in (("HMAC_SHA1_HEX", hashlib.sha1), ("HMAC_SHA512_HEX", hashlib.sha512)):
        signature = hmac.new(b"sumsub-webhook", body, digest).hexdigest()
        headers = {"X-Payload-Digest": signature, "X-Payload-Digest-Alg": named}
        assert sumsub.send(Message(body, headers)).status_code == 401


def test_words_for_staff_never_reach_the_player(sumsub: Sumsub) -> None:
    from tests.factories.api import as_player  # noqa: PLC0415 - for this test

    sumsub.say("retry")
    sumsub.tell(sumsub.webhook("retry"))
    shown = as_player(sumsub.player, sumsub.client).get("/api/v1/verifications").json()["results"][0]
    assert (shown["state"], shown["reason"], shown["note"]) == (
        "retry",
        "show-another-document",
        "Take the picture again.",
    )
    assert "screen" not in json.dumps(shown)
    fresh = _fresh(sumsub)
    assert fresh.staff_note == "looks like a screen; BAD_PHOTO"


def test_the_door_knows_its_vendors(vendor: Vendor) -> None:
    assert vendor.send(vendor.webhook("approved"), slug="nobody").status_code == 404
    assert vendor.client.get(f"/kyc/{vendor.name}/webhook").status_code == 405
    assert vendor.client.post(f"/kyc/{vendor.name}/other").status_code == 404


def test_what_nobody_signed_is_not_in_the_exchange_log(vendor: Vendor) -> None:
    from apps.integrations import exchange_log  # noqa: PLC0415 - for this test

    good = vendor.webhook("approved")
    vendor.send(Message(b"A-CANARY" + good.body, good.headers))
    exchange_log.flush()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM integrations_exchange WHERE position('A-CANARY'::bytea in body) > 0")
        assert cursor.fetchone() == (0,)
    assert Exchange.objects.filter(direction="in", outcome="bad_signature").exists()


def test_a_person_the_player_is_not_is_looked_at(vendor: Vendor) -> None:
    vendor.say("approved", person={"first_name": "Lucy", "last_name": "Westenra", "date_of_birth": "1991-04-17"})
    vendor.tell(vendor.webhook("approved"))
    fresh = _fresh(vendor)
    assert (fresh.state, fresh.staff_reason, fresh.player_reason) == ("review", "profile-mismatch", "being-looked-at")
    assert not PlayerFact.objects.exists()


def test_whoever_turns_out_under_age_is_rejected(vendor: Vendor) -> None:
    vendor.say("approved", person={"first_name": "Mina", "last_name": "Harker", "date_of_birth": "2010-04-17"})
    vendor.tell(vendor.webhook("approved"))
    assert vendor.state() == "rejected"
    assert PlayerFact.objects.get().outcome == "refuted"
