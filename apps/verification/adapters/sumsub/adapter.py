"""Sumsub: webhooks in; applicants, hosted links and reviews out, each request signed."""

from urllib.parse import quote, urlencode

from django.utils import timezone

from apps.integrations.connections import Connection
from apps.integrations.door import VendorRequest
from apps.integrations.models import Credential
from apps.integrations.outbound import VendorResponse, VendorTimeout, VendorUnreachable, call_vendor
from apps.verification.adapters.reading import text_of
from apps.verification.adapters.signatures import hex_hmac, verified_by
from apps.verification.adapters.speaking import NOT_FOUND, TIMEOUT_SECONDS, object_of, post_json
from apps.verification.adapters.sumsub.wire import (
    ALGORITHM_HEADER,
    ALGORITHMS,
    DEFAULT_ALGORITHM,
    DIGEST_HEADER,
    event_of,
    state_of,
)
from apps.verification.contract import (
    Applicant,
    HostedSession,
    IdentityEvent,
    Option,
    Outcome,
    Receipt,
    VendorState,
)

_CONFLICT = 409
_LINK_SECONDS = 30 * 60


class SumsubAdapter:
    """Speaks Sumsub's API for individuals."""

    vendor = "sumsub"
    options = (
        Option("level_name", "basic-kyc-level", "level of a verification of identity; its case matters"),
        Option("level_names", {}, 'other levels: {"enhanced": "…"}'),
        Option("webhook_algorithm", DEFAULT_ALGORITHM, "what webhooks are signed with; any other is refused"),
    )

    def receive(self, request: VendorRequest) -> Receipt:
        """The named algorithm has to be the pinned one; then the HMAC of the raw body, with any active secret."""
        pinned = str(request.connection.options.get("webhook_algorithm", DEFAULT_ALGORITHM))
        named = request.headers.get(ALGORITHM_HEADER, "")
        digest = ALGORITHMS.get(pinned)
        if digest is None or named != pinned:
            return Receipt(401, Outcome.BAD_SIGNATURE)
        secrets = request.connection.keys_for(Credential.Purpose.VERIFY_INBOUND, "webhook_secret")
        kid = verified_by(secrets, request.body, request.headers.get(DIGEST_HEADER, ""), digest)
        if kid is None:
            return Receipt(401, Outcome.BAD_SIGNATURE)
        try:
            return Receipt(200, Outcome.ACCEPTED, event=event_of(request.body), verified_by=kid)
        except ValueError:
            return Receipt(400, Outcome.BAD_REQUEST, verified_by=kid)

    def event(self, connection: Connection, body: bytes) -> IdentityEvent:  # noqa: ARG002 - the contract's
        """Read a stored webhook anew."""
        return event_of(body)

    def start(self, connection: Connection, applicant: Applicant) -> HostedSession:
        """Make an applicant under our reference (or find the one there is), and a hosted link for it."""
        levels = connection.options.get("level_names") or {}
        level = str(levels.get(applicant.level) or connection.options.get("level_name", "basic-kyc-level"))
        subject = applicant.subject or self._make_applicant(connection, applicant, level)
        body = {"levelName": level, "userId": applicant.reference, "ttlInSecs": _LINK_SECONDS}
        path = "/resources/sdkIntegrations/levels/-/websdkLink"
        answer = post_json(_call, connection, path, body, verb="websdk_link", applicant=applicant)
        link = text_of(object_of(answer), "url")
        if not link:
            raise VendorTimeout("a session without a link")
        return HostedSession(subject, subject, link)

    def fetch(self, connection: Connection, *, subject: str, session: str, player_id: int | None) -> VendorState:
        """Ask for the review, and for what was read of the person."""
        name = quote(session, safe="")
        status = _call(connection, "GET", f"/resources/applicants/{name}/status", b"", "fetch", (subject,), player_id)
        if status.status == NOT_FOUND:
            return VendorState(found=False)
        found = object_of(status)
        person = _call(connection, "GET", f"/resources/applicants/{name}/one", b"", "fetch", (subject,), player_id)
        if person.status == NOT_FOUND:
            return VendorState(found=False)
        applicant = object_of(person)
        if text_of(applicant, "id", 120) != session:
            raise VendorTimeout("another applicant than was asked for")
        return state_of(found, applicant)

    def _make_applicant(self, connection: Connection, applicant: Applicant, level: str) -> str:
        body = {
            "externalUserId": applicant.reference,
            "email": applicant.email,
            "fixedInfo": {
                "firstName": applicant.first_name,
                "lastName": applicant.last_name,
                "dob": applicant.birth_date,
            },
        }
        path = f"/resources/applicants?{urlencode({'levelName': level})}"
        answer = post_json(_call, connection, path, body, verb="applicant", applicant=applicant)
        if answer.status == _CONFLICT:
            # An earlier request of ours, whose answer was lost, made it.
            mine = f"/resources/applicants/-;externalUserId={quote(applicant.reference, safe='')}/one"
            answer = _call(connection, "GET", mine, b"", "applicant", (applicant.reference,), applicant.player_id)
        made = object_of(answer)
        if not text_of(made, "id", 120) or text_of(made, "externalUserId", 120) != applicant.reference:
            raise VendorTimeout("an applicant without an id, or not ours")
        return text_of(made, "id", 120)


def request_signature(secret: bytes, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Sign one of our requests: hex HMAC-SHA256 over timestamp, method, path with query, and body."""
    return hex_hmac(secret, timestamp.encode() + method.encode() + path.encode() + body)


def _call(
    connection: Connection,
    method: str,
    path: str,
    body: bytes,
    verb: str,
    refs: tuple[str, ...],
    player_id: int | None,
) -> VendorResponse:
    tokens = connection.keys_for(Credential.Purpose.API_ACCESS, "app_token")
    secrets = connection.keys_for(Credential.Purpose.SIGN_OUTBOUND, "secret_key")
    if not tokens or not secrets:
        raise VendorUnreachable(f"{connection.slug} has no app_token or secret_key")
    timestamp = str(int(timezone.now().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "X-App-Token": tokens[0].secret.decode(),
        "X-App-Access-Ts": timestamp,
        "X-App-Access-Sig": request_signature(secrets[0].secret, timestamp, method, path, body),
    }
    return call_vendor(
        connection=connection,
        verb=verb,
        method=method,
        path=path,
        body=body,
        headers=headers,
        timeout_seconds=TIMEOUT_SECONDS,
        refs=refs,
        player_id=player_id,
        signed_by=secrets[0].kid,
        let_in_by=tokens[:1],
    )
