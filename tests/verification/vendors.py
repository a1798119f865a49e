"""Identity vendors of the tests: a server on loopback with the vendor's API, and webhooks signed by code of its own."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.test import Client

from apps.integrations.models import InboundEvent
from apps.players.models import Player
from apps.verification.inbox_tasks import process_event
from apps.verification.models import Verification
from apps.verification.operations.sessions import begin_verification
from tests.factories.games import make_player
from tests.factories.identity import connect_identity_vendor

START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Message:
    """One webhook, ready to be sent, so that it can be sent again or altered."""

    body: bytes
    headers: dict[str, str]


@dataclass
class Api:
    """What the vendor's API says, and what it was asked."""

    base_url: str = ""
    is_down: bool = False
    session: str = ""
    reference: str = ""
    decision: str = "pending"
    decided_at: datetime = START
    person: dict[str, str] = field(default_factory=dict)
    is_test: bool = True
    calls: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def open_api(respond: Any) -> Iterator[Api]:
    """Serve on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            api.calls.append((self.command, self.path, headers, body))
            status, answer = (503, {}) if api.is_down else respond(api, self.command, self.path, headers, body)
            raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(raw)
            self.close_connection = True

        do_GET = do_POST = _answer  # noqa: N815 - the server's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api = Api(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Vendor:
    """One connected vendor with one player who was sent to it."""

    name = ""

    def __init__(self, api: Api, client: Client, **options: Any) -> None:
        self.api, self.client = api, client
        self.integration = connect_identity_vendor(self.name, base_url=api.base_url, **options)
        self.player: Player = make_player(first_name="Mina", last_name="Harker", birth_date=date(1991, 4, 17))

    def begin(self) -> Verification:
        """Send the player to the vendor."""
        self.verification = begin_verification(player=self.player, level="identity", now=START)
        return self.verification

    def say(self, decision: str, *, minutes: float = 1, person: dict[str, str] | None = None) -> None:
        """Let the API hold a decision, made so many minutes after the start."""
        self.api.decision, self.api.decided_at = decision, START + timedelta(minutes=minutes)
        if person is not None:
            self.api.person = person

    def send(self, message: Message, slug: str = "") -> Any:
        """Deliver one webhook; nothing is processed yet."""
        return self.client.post(
            f"/kyc/{slug or self.integration.slug}/webhook",
            data=message.body,
            content_type="application/json",
            headers=message.headers,
        )

    def tell(self, *messages: Message) -> list[str]:
        """Deliver webhooks that must be taken, and work the inbox off after each."""
        states = []
        for message in messages:
            response = self.send(message)
            assert response.status_code == 200, response.content
            states += self.work()
        return states

    def work(self) -> list[str]:
        """Process every open event, as the worker would; returns the states they are in then."""
        rows = InboundEvent.objects.filter(state__in=("received", "parked", "failed")).order_by("id")
        return [process_event(row_id=str(row.pk)) for row in rows]

    def state(self) -> str:
        """Where the verification stands now."""
        return str(Verification.objects.values_list("state", flat=True).get(pk=self.verification.pk))

    def webhook(self, decision: str, *, minutes: float = 1, session: str = "", is_test: bool = True) -> Message:
        """What is told of a decision."""
        raise NotImplementedError

    @staticmethod
    def respond(api: Api, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Answer as the vendor's API."""
        raise NotImplementedError


class Onfido(Vendor):
    """Onfido's side."""

    name = "onfido"
    words = {
        "pending": "processing", "approved": "approved", "retry": "error", "rejected": "declined", "review": "review",
        "abandoned": "abandoned",
    }  # fmt: skip

    def webhook(self, decision: str, *, minutes: float = 1, session: str = "", is_test: bool = True) -> Message:
        """As Onfido writes it."""
        del is_test  # the protocol does not say
        at = START + timedelta(minutes=minutes)
        session = session or self.verification.vendor_session
        thing = {
            "id": session,
            "status": self.words.get(decision, decision),
            "completed_at_iso8601": at.isoformat().replace("+00:00", "Z"),
        }
        resource = {"id": session, "applicant_id": "a-1", "customer_user_id": self.api.reference}
        return self.signed(
            {
                "payload": {
                    "resource_type": "workflow_run",
                    "action": "workflow_run.completed",
                    "object": thing,
                    "resource": resource,
                }
            }
        )

    def signed(self, document: Any, secret: str = "onfido-token") -> Message:  # noqa: S107 - invented
        """Sign."""
        body = json.dumps(document).encode()
        return Message(body, {"X-SHA2-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()})

    @staticmethod
    def respond(api: Api, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Answer as Onfido."""
        if headers.get("authorization") != "Token token=api_sandbox.token":
            return 401, {}
        if path == "/v3.6/applicants":
            return 201, {"id": "a-1"}
        if path == "/v3.6/workflow_runs" and method == "POST":
            api.session, api.reference = "run-1", json.loads(body)["customer_user_id"]
            return 201, {"id": "run-1", "link": {"url": "https://onfido.example/run-1", "expires_at": None}}
        if path == f"/v3.6/workflow_runs/{api.session}":
            person = api.person or {"first_name": "Mina", "last_name": "Harker", "date_of_birth": "1991-04-17"}
            return 200, {
                "id": api.session,
                "applicant_id": "a-1",
                "customer_user_id": api.reference,
                "status": Onfido.words.get(api.decision, api.decision),
                "updated_at": api.decided_at.isoformat(),
                "output": person if api.decision == "approved" else None,
                "reasons": [],
            }
        return 404, {}


class Sumsub(Vendor):
    """Sumsub's side."""

    name = "sumsub"
    reviews: dict[str, dict[str, Any]] = {
        "pending": {"reviewStatus": "pending"},
        "approved": {"reviewStatus": "completed", "reviewResult": {"reviewAnswer": "GREEN"}},
        "retry": {
            "reviewStatus": "completed",
            "reviewResult": {
                "reviewAnswer": "RED", "reviewRejectType": "RETRY", "rejectLabels": ["BAD_PHOTO"],
                "moderationComment": "Take the picture again.", "clientComment": "looks like a screen",
            },
        },
        "rejected": {
            "reviewStatus": "completed",
            "reviewResult": {
                "reviewAnswer": "RED", "reviewRejectType": "FINAL", "rejectLabels": ["FORGERY"],
                "clientComment": "known forger, do not tell him",
            },
        },
        "review": {"reviewStatus": "onHold"},
    }  # fmt: skip

    def webhook(self, decision: str, *, minutes: float = 1, session: str = "", is_test: bool = True) -> Message:
        """As Sumsub writes it."""
        at = START + timedelta(minutes=minutes)
        return self.signed(
            {
                "applicantId": session or self.verification.vendor_session,
                "externalUserId": self.api.reference,
                "type": "applicantReviewed",
                "sandboxMode": is_test,
                "createdAtMs": int(at.timestamp() * 1000),
                **self.reviews.get(decision, {"reviewStatus": decision}),
            }
        )

    def signed(self, document: Any, secret: str = "sumsub-webhook") -> Message:  # noqa: S107 - invented
        """Sign."""
        body = json.dumps(document).encode()
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return Message(body, {"X-Payload-Digest": digest, "X-Payload-Digest-Alg": "HMAC_SHA256_HEX"})

    @staticmethod
    def respond(api: Api, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Answer as Sumsub."""
        signed = f"{headers['x-app-access-ts']}{method}{path}".encode() + body
        if headers["x-app-access-sig"] != hmac.new(b"sumsub-secret", signed, hashlib.sha256).hexdigest():
            return 401, {}
        if path.startswith("/resources/applicants?levelName="):
            api.session, api.reference = "app-1", json.loads(body)["externalUserId"]
            return 201, {"id": "app-1", "externalUserId": api.reference}
        if path.endswith("/websdkLink"):
            return 200, {"url": "https://sumsub.example/app-1"}
        if path == f"/resources/applicants/{api.session}/status":
            review = Sumsub.reviews.get(api.decision, {"reviewStatus": api.decision})
            return 200, {**review, "reviewDate": api.decided_at.strftime("%Y-%m-%d %H:%M:%S+0000")}
        if path == f"/resources/applicants/{api.session}/one":
            person = api.person or {"first_name": "Mina", "last_name": "Harker", "date_of_birth": "1991-04-17"}
            info = {"firstName": person["first_name"], "lastName": person["last_name"], "dob": person["date_of_birth"]}
            return 200, {"id": api.session, "externalUserId": api.reference, "sandboxMode": api.is_test, "info": info}
        return 404, {}


VENDORS: dict[str, type[Vendor]] = {"onfido": Onfido, "sumsub": Sumsub}
