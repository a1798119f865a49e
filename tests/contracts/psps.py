"""Payment providers as the platform sees them: each signs by code of its own, and lets the inbox work."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client

from apps.core import clock
from apps.core.money import Money
from apps.integrations.models import InboundEvent, Integration
from apps.payments.inbox_tasks import process_event
from apps.payments.models import Attempt, Deposit, Instrument, Withdrawal
from apps.payments.operations.references import key_of
from apps.payments.operations.withdrawals import request_withdrawal
from apps.players.models import Player
from apps.transactions.models import Account
from tests.factories.games import make_player
from tests.factories.payments import CRYPTO_SECRET, HMAC_KEY, MERCHANT, METHODS, TRUSTLY_KEYS, connect_psp

_numbers = count(1)
EVENT_VENDORS = ("trustly", "adyen", "cryptoprocessing")


@dataclass(frozen=True)
class Message:
    """One callback, ready to be sent, so that it can be sent again or altered."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Psp:
    """One connected provider, one player, and what the platform's books say of them."""

    vendor: str
    client: Client
    currency: str = "EUR"
    slug: str = ""
    integration: Integration = field(init=False)
    player: Player = field(init=False)

    def __post_init__(self) -> None:
        self.slug = self.slug or self.vendor
        self.integration = connect_psp(self.vendor, slug=self.slug)
        self.player = make_player(cash="1000", currency=self.currency)

    # --- what a provider does

    def send(self, message: Message) -> Any:
        """Deliver one callback; nothing is processed yet."""
        return self.client.post(
            f"/psp/{self.slug}/{message.path}",
            data=message.body,
            content_type="application/json",
            headers=message.headers,
        )

    def tell(self, *messages: Message) -> None:
        """Deliver callbacks that must be taken, and work the inbox off after each."""
        for message in messages:
            response = self.send(message)
            assert response.status_code == 200, response.content
            self.work()

    def work(self) -> list[str]:
        """Process every open event, as the worker would; returns the states they are in then."""
        rows = InboundEvent.objects.filter(state__in=("received", "parked", "failed")).order_by("id")
        return [process_event(row_id=str(row.pk)) for row in rows]

    # --- what the platform has

    def deposit(self, amount: str = "100") -> Deposit:
        """A deposit that this provider was asked for and has accepted."""
        now, money = clock.now(), Money.parse(amount, self.currency)
        deposit = Deposit.objects.create(
            player=self.player,
            brand_id=self.player.brand_id,
            currency=money.currency,
            amount_units=money.units,
            method_id=METHODS[self.vendor],
            integration=self.integration,
            created_at=now,
            changed_at=now,
            expires_at=now + timedelta(days=1),
        )
        self._attempt(deposit)
        return deposit

    def withdrawal(self, amount: str = "100") -> Withdrawal:
        """A withdrawal that was approved, sent and accepted."""
        now = clock.now()
        instrument = Instrument.objects.create(
            player=self.player,
            method_id=METHODS[self.vendor],
            integration=self.integration,
            token="777",
            verification="verified",
            changed_at=now - timedelta(days=30),
        )
        withdrawal = request_withdrawal(
            player=self.player,
            money=Money.parse(amount, self.currency),
            instrument=str(instrument.public_id),
            remote_address="",
            now=now,
        )
        withdrawal = Withdrawal.objects.get(pk=withdrawal.pk)
        withdrawal.begin_screening(at=now)
        withdrawal.approve(at=now)
        withdrawal.queue(at=now)
        withdrawal.begin_submission(at=now)
        withdrawal.mark_submitted(at=now)
        withdrawal.integration = self.integration
        withdrawal.save()
        self._attempt(withdrawal)
        return withdrawal

    def _attempt(self, payment: Deposit | Withdrawal) -> None:
        Attempt.objects.create(
            deposit=payment if isinstance(payment, Deposit) else None,
            withdrawal=payment if isinstance(payment, Withdrawal) else None,
            integration=self.integration,
            number=1,
            key=key_of(payment, 1),
            state=Attempt.State.ACCEPTED,
            started_at=clock.now(),
        )

    def state(self, payment: Deposit | Withdrawal) -> str:
        """Where a payment stands now."""
        return str(type(payment).objects.values_list("state", flat=True).get(pk=payment.pk))

    def balances(self) -> tuple[str, str]:
        """The player's cash and what is locked of it."""
        accounts = Account.objects.filter(player_id=self.player.pk, currency=self.currency)
        units = dict(accounts.values_list("kind", "balance"))
        return tuple(Money(units[kind], self.currency).format() for kind in ("cash", "locked"))  # type: ignore[return-value]

    # --- stories in each provider's own words

    def paid_in(self, deposit: Deposit, amount: str = "") -> list[Message]:
        """What is told of a deposit that succeeds, in order."""
        raise NotImplementedError

    def not_paid_in(self, deposit: Deposit) -> list[Message]:
        """What is told of a deposit that fails."""
        raise NotImplementedError

    def paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """What is told of a payout that succeeds, in order."""
        raise NotImplementedError

    def not_paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """What is told of a payout that fails."""
        raise NotImplementedError

    def returned(self, withdrawal: Withdrawal) -> list[Message]:
        """What is told when a payout comes back; empty where that cannot be."""
        raise NotImplementedError

    def unknown_word(self) -> Message:
        """A signed callback of a type that nobody has heard of."""
        raise NotImplementedError

    def tampered(self, message: Message) -> list[Message]:
        """The same callback with one signed field changed, each in its turn."""
        raise NotImplementedError

    def resigned(self, message: Message, secret: str) -> Message:
        """The same callback signed with another key."""
        raise NotImplementedError


def amount_of(payment: Deposit | Withdrawal) -> str:
    """The amount as people write it."""
    return payment.money.format()


def key(payment: Deposit | Withdrawal) -> str:
    """What the provider was given as our reference."""
    return str(payment.attempts.get().key)


def _signed(node: Any) -> str:
    """What Trustly signs: keys in order, null as nothing, objects in objects."""
    if isinstance(node, dict):
        return "".join(f"{name}{_signed(node[name])}" for name in sorted(node))
    return "" if node is None else str(node)


class Trustly(Psp):
    """Signs with `cryptography` directly."""

    secret = TRUSTLY_KEYS["private_key_pem"]

    def message(self, method: str, secret: str = "", **data: Any) -> Message:
        """One signed notification."""
        number = next(_numbers)
        data = {"notificationid": str(number), "enduserid": "1", "timestamp": "2026-11-01 12:00:00.1+01", **data}
        uuid = f"258a2184-9021-b874-21ca-{number:012d}"
        return self._message(method, uuid, data, secret or self.secret)

    def nested(self, method: str, uuid: str, data: dict[str, Any]) -> Message:
        """One signed notification whose data hold objects."""
        return self._message(method, uuid, data, self.secret)

    def _message(self, method: str, uuid: str, data: dict[str, Any], secret: str) -> Message:
        loaded = serialization.load_pem_private_key(secret.encode(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        text = method + uuid + _signed(data)
        signature = base64.b64encode(loaded.sign(text.encode(), padding.PKCS1v15(), hashes.SHA1())).decode()  # noqa: S303
        params = {"signature": signature, "uuid": uuid, "data": data}
        return Message("notifications", json.dumps({"method": method, "params": params, "version": "1.1"}).encode())

    def _about(self, payment: Deposit | Withdrawal, method: str, amount: str = "") -> Message:
        data = {"messageid": key(payment), "orderid": str(9_000_000 + payment.pk)}
        if method in ("credit", "debit", "pending"):
            data |= {"amount": amount or amount_of(payment), "currency": payment.currency}
        return self.message(method, **data)

    def paid_in(self, deposit: Deposit, amount: str = "") -> list[Message]:
        """Pending, then credit."""
        return [self._about(deposit, "pending", amount), self._about(deposit, "credit", amount)]

    def not_paid_in(self, deposit: Deposit) -> list[Message]:
        """Cancel."""
        return [self._about(deposit, "cancel")]

    def paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Payoutconfirmation."""
        return [self._about(withdrawal, "payoutconfirmation")]

    def not_paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Payoutfailed."""
        return [self._about(withdrawal, "payoutfailed")]

    def returned(self, withdrawal: Withdrawal) -> list[Message]:
        """A credit, on an order of ours."""
        return [self._about(withdrawal, "credit")]

    def unknown_word(self) -> Message:
        """A method that the vendor may add."""
        return self.message("rewardgranted", messageid="d-1", orderid="1")

    def tampered(self, message: Message) -> list[Message]:
        """Method, uuid, and each field of the data; an added and a missing one."""
        found = []
        names = list(json.loads(message.body)["params"]["data"])
        for name in ("method", "uuid", "added", "missing", *names):
            body = json.loads(message.body)
            data = body["params"]["data"]
            if name == "method":
                body["method"] = "credit" if body["method"] != "credit" else "debit"
            elif name == "uuid":
                body["params"]["uuid"] = "258a2184-9021-b874-21ca-ffffffffffff"
            elif name == "missing":
                del data[names[0]]
            else:
                data[name] = f"{data.get(name, '')}1"
            found.append(Message(message.path, json.dumps(body).encode()))
        return found

    def resigned(self, message: Message, secret: str) -> Message:
        """With another RSA key."""
        body = json.loads(message.body)
        return self._message(body["method"], body["params"]["uuid"], body["params"]["data"], secret)


class Adyen(Psp):
    """Signs with `hmac` directly: eight fields an item, or the whole body."""

    secret = HMAC_KEY
    basic = "Basic " + base64.b64encode(b"adyen:adyen-password").decode()

    def item(self, payment: Deposit | Withdrawal | None, code: str, *, success: str = "true", **fields: Any) -> Any:
        """One item without its signature."""
        amount = payment.money if payment is not None else Money.parse("1", self.currency)
        return {
            "pspReference": f"PSP{next(_numbers):013d}",
            "merchantReference": key(payment) if payment is not None else "",
            "merchantAccountCode": MERCHANT,
            "amount": {"value": amount.to_minor(), "currency": amount.currency},
            "eventCode": code,
            "success": success,
            "reason": "unsigned words",
            **fields,
        }

    def batch(self, *items: Any, secret: str = "") -> Message:
        """A batch of items, each signed."""
        signed = [{**item, "additionalData": {"hmacSignature": self._sign(item, secret)}} for item in items]
        body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item} for item in signed]}
        return Message("notifications", json.dumps(body).encode(), {"Authorization": self.basic})

    def _sign(self, item: Any, secret: str = "") -> str:
        names = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")
        texts = [item.get(name, "") for name in names]
        texts += [str(item["amount"]["value"]), item["amount"]["currency"], item["eventCode"], item["success"]]
        return self.mac(":".join(texts).encode(), secret)

    def mac(self, data: bytes, secret: str = "") -> str:
        """HMAC-SHA256 in base64."""
        raw = hmac.new(bytes.fromhex(secret or self.secret), data, hashlib.sha256).digest()
        return base64.b64encode(raw).decode()

    def transfer(self, withdrawal: Withdrawal, status: str, secret: str = "") -> Message:
        """A balance-platform webhook."""
        amount = {"value": withdrawal.money.to_minor(), "currency": withdrawal.currency}
        data = {"id": f"TR{withdrawal.pk:014d}", "status": status, "amount": amount, "reference": key(withdrawal)}
        body = json.dumps({"data": data, "type": "balancePlatform.transfer.updated"}).encode()
        return Message("notifications", body, {"Authorization": self.basic, "HmacSignature": self.mac(body, secret)})

    def paid_in(self, deposit: Deposit, amount: str = "") -> list[Message]:
        """AUTHORISATION."""
        item = self.item(deposit, "AUTHORISATION")
        if amount:
            item["amount"]["value"] = Money.parse(amount, deposit.currency).to_minor()
        return [self.batch(item)]

    def not_paid_in(self, deposit: Deposit) -> list[Message]:
        """AUTHORISATION without success."""
        return [self.batch(self.item(deposit, "AUTHORISATION", success="false"))]

    def paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Authorised, then booked."""
        return [self.transfer(withdrawal, "authorised"), self.transfer(withdrawal, "booked")]

    def not_paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Failed."""
        return [self.transfer(withdrawal, "failed")]

    def returned(self, withdrawal: Withdrawal) -> list[Message]:
        """Returned."""
        return [self.transfer(withdrawal, "returned")]

    def unknown_word(self) -> Message:
        """An event code that the vendor may add."""
        return self.batch(self.item(None, "MOON_PHASE"))

    def tampered(self, message: Message) -> list[Message]:
        """Each signed field of an item, or a byte of a transfer."""
        body = json.loads(message.body)
        if "notificationItems" not in body:
            return [Message(message.path, message.body.replace(b'"reference"', b'"Reference"'), message.headers)]
        found = []
        for name in (
            "pspReference",
            "merchantReference",
            "originalReference",
            "eventCode",
            "success",
            "value",
            "currency",
        ):
            body = json.loads(message.body)
            item = body["notificationItems"][-1]["NotificationRequestItem"]
            if name == "value":
                item["amount"]["value"] *= 100
            elif name == "currency":
                item["amount"]["currency"] = "USD"
            else:
                item[name] = {"success": "false", "eventCode": "CAPTURE"}.get(name, f"{item.get(name, '')}1")
            found.append(Message(message.path, json.dumps(body).encode(), message.headers))
        return found

    def resigned(self, message: Message, secret: str) -> Message:
        """With another HMAC key."""
        body = json.loads(message.body)
        if "notificationItems" not in body:
            return Message(
                message.path, message.body, message.headers | {"HmacSignature": self.mac(message.body, secret)}
            )
        return self.batch(*[each["NotificationRequestItem"] for each in body["notificationItems"]], secret=secret)


class Crypto(Psp):
    """Signs with `hmac` directly over the body."""

    secret = CRYPTO_SECRET

    def callback(self, secret: str = "", **body: Any) -> Message:
        """One signed callback."""
        raw = json.dumps(body).encode()
        signature = hmac.new((secret or self.secret).encode(), raw, hashlib.sha512).hexdigest()
        return Message("callback", raw, {"X-Processing-Key": "crypto-key", "X-Processing-Signature": signature})

    def _in(self, deposit: Deposit, status: str, amount: str = "") -> Message:
        money = {"currency": deposit.currency, "amount": amount or amount_of(deposit)}
        chain = {**money, "id": 600_000 + deposit.pk, "type": "deposit", "txid": "ab", "riskscore": "0.5"}
        return self.callback(
            id=2_000_000 + deposit.pk,
            type="deposit",
            crypto_address={"id": 1, "currency": deposit.currency, "address": "a", "foreign_id": key(deposit)},
            currency_sent=money,
            currency_received=money,
            transactions=[chain | {"confirmations": "0" if status == "not_confirmed" else 3}],
            fees=[],
            error="",
            status=status,
        )

    def _out(self, withdrawal: Withdrawal, status: str) -> Message:
        return self.callback(
            id=3_000_000 + withdrawal.pk,
            type="withdrawal",
            foreign_id=key(withdrawal),
            transactions=[{"id": 700_000 + withdrawal.pk, "currency": withdrawal.currency, "amount": "1"}],
            error="" if status != "failed" else "no route",
            status=status,
        )

    def paid_in(self, deposit: Deposit, amount: str = "") -> list[Message]:
        """Not confirmed, then confirmed: the same transaction."""
        return [self._in(deposit, "not_confirmed", amount), self._in(deposit, "confirmed", amount)]

    def not_paid_in(self, deposit: Deposit) -> list[Message]:
        """Cancelled."""
        return [self._in(deposit, "cancelled")]

    def paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Processing, then confirmed."""
        return [self._out(withdrawal, "processing"), self._out(withdrawal, "confirmed")]

    def not_paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Failed."""
        return [self._out(withdrawal, "failed")]

    def returned(self, withdrawal: Withdrawal) -> list[Message]:  # noqa: ARG002 - the suite's
        """A chain gives nothing back."""
        return []

    def unknown_word(self) -> Message:
        """A status that the vendor may add."""
        return self.callback(id=1, type="deposit", status="frozen")

    def tampered(self, message: Message) -> list[Message]:
        """Any byte of the body; the key; the signature left out."""
        headers = dict(message.headers)
        return [
            Message(message.path, message.body.replace(b'"id": ', b'"id":  ', 1), headers),
            Message(message.path, message.body + b" ", headers),
            Message(message.path, message.body, headers | {"X-Processing-Key": "another"}),
            Message(message.path, message.body, {"X-Processing-Key": "crypto-key"}),
        ]

    def resigned(self, message: Message, secret: str) -> Message:
        """With another secret."""
        return self.callback(secret, **json.loads(message.body))


MAKERS: dict[str, type[Psp]] = {"trustly": Trustly, "adyen": Adyen, "cryptoprocessing": Crypto}
