"""Keys: encrypted at rest, several valid at once, gone within a second, never shown."""

import base64
import io
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection as database
from pytest_django import Settings

from apps.core import clock
from apps.integrations import connections, exchange_log
from apps.integrations.connections import Connection, connection, connection_by_id, forget_connections
from apps.integrations.credentials import (
    CredentialRevoked,
    KeyIdTaken,
    UnusableCredential,
    add_credential,
    credentials_expiring,
    expire_credential,
    revoke_credential,
)
from apps.integrations.encryption import UnableToDecrypt, decrypt, encrypt
from apps.integrations.key_usage import note_use
from apps.integrations.models import Credential, Integration, IntegrationEvent
from apps.integrations.tasks import warn_expiring_credentials
from tests.integrations.exchanges import make_integration, request_record

pytestmark = pytest.mark.django_db

SECRET = b"correct-horse-battery-staple-of-forty-bytes"


def add(integration: Integration, kid: str | None = None, secret: bytes = SECRET, **more: object) -> Credential:
    terms: dict[str, object] = {"purpose": "verify_inbound", "actor": None, "now": clock.now()}
    return add_credential(integration=integration, secret=secret, kid=kid, **(terms | more))  # type: ignore[arg-type]


def master_key(kid: str) -> str:
    return f"{kid}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def found(slug: str = "vendor") -> Connection:
    seen = connection(slug)
    assert seen is not None
    return seen


def kids(slug: str = "vendor") -> list[str]:
    return [key.kid for key in found(slug).keys_for("verify_inbound")]


def test_during_a_rotation_the_old_and_the_new_key_are_both_active_newest_first() -> None:
    integration = make_integration()
    now = clock.now()
    add(integration, "old", b"old secret", now=now - timedelta(days=30))
    add(integration, "new", b"new secret")
    add(integration, "other-name", b"x", name="casino_key")
    add(integration, "other-purpose", b"x", purpose="sign_outbound")
    keys = found().keys_for("verify_inbound")
    assert [(key.kid, key.secret) for key in keys] == [("new", b"new secret"), ("old", b"old secret")]
    assert [key.kid for key in found().keys_for("verify_inbound", "casino_key")] == ["other-name"]
    assert connection_by_id(integration.pk) == found()


def test_a_key_of_tomorrow_and_an_expired_one_do_not_work() -> None:
    integration = make_integration()
    now = clock.now()
    add(integration, "tomorrow", activated_at=now + timedelta(days=1))
    add(integration, "over", now=now - timedelta(days=2), expires_at=now - timedelta(seconds=1))
    add(integration, "works", expires_at=now + timedelta(days=1))
    assert kids() == ["works"]


def test_a_key_works_on_until_the_expiry_that_is_set_later() -> None:
    integration = make_integration()
    credential = add(integration, "old", now=clock.now() - timedelta(days=1))
    expire_credential(
        credential_id=credential.pk, expires_at=clock.now(), reason="rotated", actor=None, now=clock.now()
    )
    assert kids() == []
    expire_credential(credential_id=credential.pk, expires_at=None, reason="too early", actor=None, now=clock.now())
    assert kids() == ["old"]


def age_snapshot(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = connections._snapshot
    assert snapshot is not None
    monkeypatch.setattr(connections, "_snapshot", replace(snapshot, taken_at=time.monotonic() - seconds))


def test_a_key_revoked_by_another_process_dies_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    integration = make_integration()
    credential = add(integration, "stolen")
    assert kids() == ["stolen"]
    # As another process does it: this one is not told.
    Credential.objects.filter(pk=credential.pk).update(revoked_at=clock.now())
    assert kids() == ["stolen"]
    age_snapshot(connections.LONGEST_AGE_SECONDS, monkeypatch)
    assert kids() == []


def test_while_one_reads_anew_others_go_on_with_what_they_have_but_not_beyond_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    integration = make_integration()
    before = found()
    Integration.objects.filter(pk=integration.pk).update(switch="off")
    with connections._reading:
        age_snapshot(0.7, monkeypatch)
        assert found() is before
    assert found().switch == "off"


def test_a_key_revoked_here_dies_at_once_and_for_ever() -> None:
    credential = add(make_integration(), "stolen")
    assert kids() == ["stolen"]
    revoke_credential(credential_id=credential.pk, reason="stolen", actor=None, now=clock.now())
    assert kids() == []
    with pytest.raises(CredentialRevoked):
        revoke_credential(credential_id=credential.pk, reason="again", actor=None, now=clock.now())
    with pytest.raises(CredentialRevoked):
        expire_credential(credential_id=credential.pk, expires_at=None, reason="", actor=None, now=clock.now())


def test_no_integration_of_that_name_is_none() -> None:
    assert connection("nobody") is None
    assert connection_by_id(-1) is None


def test_the_row_holds_nothing_of_the_secret() -> None:
    credential = add(make_integration(), "k1")
    with database.cursor() as cursor:
        cursor.execute("SELECT c::text, c.ciphertext FROM integrations_credential c WHERE id = %s", [credential.pk])
        text, ciphertext = cursor.fetchone()
    for part in (SECRET, SECRET[:12], base64.b64encode(SECRET)[:16]):
        assert part not in bytes(ciphertext)
        assert part.hex() not in text
        assert part.decode() not in text


def test_the_same_secret_encrypts_differently_each_time() -> None:
    integration = make_integration()
    first, second = add(integration, "k1"), add(integration, "k2")
    assert bytes(first.ciphertext) != bytes(second.ciphertext)
    assert first.fingerprint == second.fingerprint


def test_a_short_secret_leaves_no_fingerprint_that_could_be_guessed_backwards() -> None:
    assert add(make_integration(), "k1", b"password").fingerprint == ""


def test_another_master_key_of_the_same_id_opens_nothing(settings: Settings) -> None:
    settings.CREDENTIALS_KEYS = [master_key("m1")]
    envelope, kid = encrypt(SECRET, context=["1"])
    assert decrypt(envelope, master_kid=kid, context=["1"]) == SECRET
    settings.CREDENTIALS_KEYS = [master_key("m1")]
    with pytest.raises(UnableToDecrypt):
        decrypt(envelope, master_kid=kid, context=["1"])


@pytest.mark.parametrize("position", [0, 5, 40, 70, -1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    envelope, kid = encrypt(SECRET, context=["1"])
    changed = bytearray(envelope)
    changed[position] ^= 1
    with pytest.raises(UnableToDecrypt):
        decrypt(bytes(changed), master_kid=kid, context=["1"])
    with pytest.raises(UnableToDecrypt):
        decrypt(envelope[:50], master_kid=kid, context=["1"])


def test_a_ciphertext_copied_to_another_integration_does_not_decrypt_there() -> None:
    first, second = make_integration("first"), make_integration("second")
    taken, target = add(first, "k1"), add(second, "k1", b"another")
    Credential.objects.filter(pk=target.pk).update(ciphertext=taken.ciphertext)
    forget_connections()
    assert kids("second") == []


def test_an_unreadable_key_stops_itself_and_nothing_else(settings: Settings) -> None:
    integration = make_integration()
    before = list(settings.CREDENTIALS_KEYS)
    settings.CREDENTIALS_KEYS = [master_key("lost")]
    add(integration, "unreadable")
    settings.CREDENTIALS_KEYS = before
    add(integration, "readable")
    assert kids() == ["readable"]


def test_after_a_master_key_rotation_the_old_one_may_go(settings: Settings) -> None:
    integration = make_integration()
    old, new = settings.CREDENTIALS_KEYS[0], master_key("new")
    add(integration, "k1")
    revoked = add(integration, "k2")
    revoke_credential(credential_id=revoked.pk, reason="old", actor=None, now=clock.now())
    settings.CREDENTIALS_KEYS = [new, old]
    output = io.StringIO()
    call_command("reencrypt_credentials", stdout=output)
    call_command("reencrypt_credentials", stdout=output)
    assert output.getvalue().splitlines() == [
        "2 credentials are now under master key new",
        "0 credentials are now under master key new",
    ]
    settings.CREDENTIALS_KEYS = [new]
    forget_connections()
    assert [key.secret for key in found().keys_for("verify_inbound")] == [SECRET]
    event = IntegrationEvent.objects.get(action="keys_reencrypted")
    assert event.details == {"master_kid": "new", "kids": ["k1", "k2"]}


def test_a_master_key_rotation_without_the_old_key_is_refused(settings: Settings) -> None:
    add(make_integration(), "k1")
    settings.CREDENTIALS_KEYS = [master_key("new")]
    with pytest.raises(CommandError, match="test is not in CREDENTIALS_KEYS"):
        call_command("reencrypt_credentials")


def test_no_repr_shows_a_secret() -> None:
    credential = add(make_integration(), "k1")
    key = found().keys[0]
    assert key.secret == SECRET
    for shown in (key, found(), credential, credential.__dict__):
        assert SECRET.decode() not in repr(shown)
        assert SECRET.decode() not in str(shown)


def test_no_log_line_shows_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    add(make_integration(), "k1")
    log = structlog.get_logger("test")
    log.error("key", key=found().keys[0], connection=found(), secret=SECRET.decode())
    written = capsys.readouterr()
    assert SECRET.decode() not in written.out + written.err


def test_entering_and_revoking_a_key_is_on_record() -> None:
    person = User.objects.create_user("ops")
    person.user_permissions.add(Permission.objects.get(codename="rotate_credential"))
    integration = make_integration()
    credential = add(integration, "k1", actor=person)
    revoke_credential(credential_id=credential.pk, reason="leaked", actor=person, now=clock.now())
    assert credential.created_by == person
    assert list(integration.events.values_list("action", "kid", "reason", "actor__username").order_by("id")) == [
        ("key_added", "k1", "", "ops"),
        ("key_revoked", "k1", "leaked", "ops"),
    ]
    assert SECRET.decode() not in str(list(integration.events.values()))


def test_staff_without_the_permission_add_and_revoke_nothing() -> None:
    person = User.objects.create_user("support")
    credential = add(make_integration(), "k1")
    with pytest.raises(PermissionDenied):
        add(credential.integration, "k2", actor=person)
    with pytest.raises(PermissionDenied):
        revoke_credential(credential_id=credential.pk, reason="", actor=person, now=clock.now())
    with pytest.raises(PermissionDenied):
        expire_credential(credential_id=credential.pk, expires_at=None, reason="", actor=person, now=clock.now())
    assert kids() == ["k1"]


@pytest.mark.parametrize(
    "terms",
    [
        {"secret": b""},
        {"secret": b"x" * 70_000},
        {"kid": "has space"},
        {"kid": "x" * 65},
        {"purpose": "decoration"},
        {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
)
def test_what_could_never_be_used_is_refused(terms: dict[str, object]) -> None:
    integration = make_integration()
    with pytest.raises(UnusableCredential):
        add(integration, **terms)  # type: ignore[arg-type]
    assert not integration.credentials.exists()


def test_a_key_id_is_never_used_twice_even_after_revocation() -> None:
    integration = make_integration()
    credential = add(integration, "k1")
    revoke_credential(credential_id=credential.pk, reason="", actor=None, now=clock.now())
    with pytest.raises(KeyIdTaken):
        add(integration, "k1")


def test_a_key_id_is_made_up_where_none_is_given() -> None:
    integration = make_integration()
    assert add(integration).kid != add(integration).kid


def test_keys_near_their_end_are_named_with_whether_something_follows() -> None:
    integration = make_integration()
    now = clock.now()
    add(integration, "followed", expires_at=now + timedelta(days=5))
    add(integration, "successor")
    add(integration, "lonely", name="casino_key", expires_at=now + timedelta(days=3))
    add(integration, "far", name="api", expires_at=now + timedelta(days=300))
    assert [(each.credential.kid, each.has_successor) for each in credentials_expiring(now=clock.now())] == [
        ("lonely", False),
        ("followed", True),
    ]
    assert warn_expiring_credentials() == 1


@pytest.mark.django_db(transaction=True)
def test_the_last_use_of_a_key_reaches_its_row() -> None:
    integration = make_integration()
    inbound, other = add(integration, "inbound"), add(integration, "other")
    request = request_record(integration, verified_by="inbound")
    exchange_log.record(request, None)
    used_at = clock.now()
    note_use(integration.pk, "other", used_at)
    exchange_log.close()
    inbound.refresh_from_db()
    other.refresh_from_db()
    assert inbound.last_used_at == request.started_at
    assert other.last_used_at == used_at
