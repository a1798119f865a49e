"""Onfido: webhooks in, applicants and workflow runs out."""

from typing import Any
from urllib.parse import quote

from apps.integrations.connections import Connection
from apps.integrations.door import VendorRequest
from apps.integrations.models import Credential
from apps.integrations.outbound import VendorResponse, VendorTimeout, VendorUnreachable, call_vendor
from apps.verification.adapters.onfido.wire import SIGNATURE_HEADER, event_of, state_of
from apps.verification.adapters.reading import instant_of, node_of, text_of
from apps.verification.adapters.signatures import verified_by
from apps.verification.adapters.speaking import NOT_FOUND, TIMEOUT_SECONDS, object_of, post_json
from apps.verification.contract import (
    Applicant,
    HostedSession,
    IdentityEvent,
    Option,
    Outcome,
    Receipt,
    StartRefused,
    VendorState,
)

API = "v3.6"


class OnfidoAdapter:
    """Speaks Onfido's API v3.6 with Studio workflows."""

    vendor = "onfido"
    options = (
        Option("workflow_id", "", "workflow that a verification of identity runs"),
        Option("workflow_ids", {}, 'other workflows by level: {"enhanced": "…"}'),
    )

    def receive(self, request: VendorRequest) -> Receipt:
        """HMAC-SHA256 in hex of the raw body, with any active webhook token."""
        tokens = request.connection.keys_for(Credential.Purpose.VERIFY_INBOUND, "webhook_token")
        kid = verified_by(tokens, request.body, request.headers.get(SIGNATURE_HEADER, ""))
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
        """Make an applicant (unless there is one) and a workflow run with a hosted link."""
        workflows = connection.options.get("workflow_ids") or {}
        workflow = workflows.get(applicant.level) or connection.options.get("workflow_id", "")
        if not workflow:
            raise StartRefused(f"{connection.slug} has no workflow_id")
        subject = applicant.subject or self._make_applicant(connection, applicant)
        body: dict[str, Any] = {
            "applicant_id": subject,
            "workflow_id": workflow,
            "customer_user_id": applicant.reference,
        }
        if applicant.return_url:
            body["link"] = {"completed_redirect_url": applicant.return_url}
        run = object_of(post_json(_call, connection, "workflow_runs", body, verb="workflow_run", applicant=applicant))
        session, link = text_of(run, "id", 120), node_of(run, "link")
        if not session or not text_of(link, "url"):
            raise VendorTimeout("a workflow run without an id or a link")
        return HostedSession(subject, session, text_of(link, "url"), instant_of(text_of(link, "expires_at")))

    def fetch(self, connection: Connection, *, subject: str, session: str, player_id: int | None) -> VendorState:  # noqa: ARG002
        """Ask for the workflow run."""
        answer = _call(
            connection, "GET", f"workflow_runs/{quote(session, safe='')}", b"", "fetch", (session,), player_id
        )
        if answer.status == NOT_FOUND:
            return VendorState(found=False)
        run = object_of(answer)
        if text_of(run, "id", 120) != session:
            raise VendorTimeout("another workflow run than was asked for")
        return state_of(run)

    def _make_applicant(self, connection: Connection, applicant: Applicant) -> str:
        body = {
            "first_name": applicant.first_name,
            "last_name": applicant.last_name,
            "dob": applicant.birth_date,
            **({"email": applicant.email} if applicant.email else {}),
        }
        made = object_of(post_json(_call, connection, "applicants", body, verb="applicant", applicant=applicant))
        subject = text_of(made, "id", 120)
        if not subject:
            raise VendorTimeout("an applicant without an id")
        return subject


def _call(
    connection: Connection,
    method: str,
    path: str,
    body: bytes,
    verb: str,
    refs: tuple[str, ...],
    player_id: int | None,
) -> VendorResponse:
    tokens = connection.keys_for(Credential.Purpose.API_ACCESS, "api_token")
    if not tokens:
        raise VendorUnreachable(f"{connection.slug} has no api_token")
    headers = {"Authorization": f"Token token={tokens[0].secret.decode()}", "Content-Type": "application/json"}
    return call_vendor(
        connection=connection,
        verb=verb,
        method=method,
        path=f"{API}/{path}",
        body=body,
        headers=headers,
        timeout_seconds=TIMEOUT_SECONDS,
        refs=refs,
        player_id=player_id,
        signed_by=tokens[0].kid,
    )
