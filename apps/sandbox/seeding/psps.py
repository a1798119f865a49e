"""Demo data: connections to the simulated payment providers, the secrets of both sides, the matrix of methods."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.brands.models import Brand
from apps.core.money import Money
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from apps.payments.models import ApprovalPolicy, Capability, PaymentMethod, PspContract, RoutingRule
from apps.payments.operations.contract_versions import add_contract_version
from apps.sandbox.models import SimulatedPsp
from apps.sandbox.seeding.places import AURORA
from apps.sandbox.vendors.signatures import new_key_pair

_IN, _OUT, _ACCESS = Credential.Purpose.VERIFY_INBOUND, Credential.Purpose.SIGN_OUTBOUND, Credential.Purpose.API_ACCESS
_METHODS = {"card": "Card", "bank_transfer": "Bank transfer", "creditcard": "Card (cashier)", "crypto": "Crypto"}
_FIAT = ("EUR", "SEK", "GBP", "CAD", "USD")


@dataclass(frozen=True, slots=True)
class _Psp:
    """One provider of the demo: its callback path, its methods with their currencies and priority."""

    title: str
    callback: str
    cells: tuple[tuple[str, tuple[str, ...], int], ...]
    pays_out: bool = True


_PSPS = {
    "paymentiq": _Psp("PaymentIQ", "", (("creditcard", _FIAT, 100),), pays_out=False),
    "trustly": _Psp("Trustly", "notifications", (("bank_transfer", _FIAT, 10),)),
    "adyen": _Psp("Adyen", "notifications", (("card", _FIAT, 10), ("bank_transfer", _FIAT, 20))),
    "cryptoprocessing": _Psp("CryptoProcessing", "callback", (("crypto", ("BTC",), 10),)),
}
_SMALLEST = {"BTC": "0.0001"}
_LARGEST = {"BTC": "5"}
_AUTO_LIMIT, _FOUR_EYES, _A_DAY = "200", "2000", "5000"


@transaction.atomic
def seed_psps(base_url: str, *, now: datetime) -> None:
    """Connect the first brand with each simulated payment provider; keep secrets there are."""
    brand = Brand.objects.get(code=AURORA)
    for code, name in _METHODS.items():
        PaymentMethod.objects.get_or_create(code=code, defaults={"name": name})
    for slug, psp in _PSPS.items():
        integration = _integration(slug, psp, base_url)
        platform_url = f"{base_url}/psp/{slug}"
        if not SimulatedPsp.objects.filter(slug=slug).update(platform_url=platform_url):
            _exchange_secrets(integration, platform_url, now)
        _open_methods(integration, psp)
        _agree(integration, now)
    for currency in _FIAT:
        tiers = {
            "auto_limit_units": Money.parse(_AUTO_LIMIT, currency).units,
            "four_eyes_units": Money.parse(_FOUR_EYES, currency).units,
            "daily_units": Money.parse(_A_DAY, currency).units,
        }
        ApprovalPolicy.objects.get_or_create(brand=brand, currency=currency, defaults=tiers)


def psp_documents(base_url: str) -> dict[str, Any]:
    """What the other side of each demo integration needs, in the public form."""
    names = {
        "paymentiq": ("username", "password"),
        "trustly": ("private_key_pem", "username", "password"),
        "adyen": ("hmac_key_hex", "username", "password", "merchant_account"),
        "cryptoprocessing": ("key", "secret"),
    }
    documents = {}
    for psp in SimulatedPsp.objects.all():
        credentials = {name: psp.secrets[name] for name in names[psp.slug]}
        if psp.slug == "trustly":
            credentials["public_key_pem"] = psp.secrets["platform_key_pem"]
        documents[psp.slug] = {
            "vendor": psp.slug,
            "base_url": f"{base_url}/psp/{psp.slug}",
            "credentials": credentials,
        }
    return documents


def _integration(slug: str, psp: _Psp, base_url: str) -> Integration:
    vendor_url = f"{base_url}/sandbox/vendors/{slug}"
    options = {"notification_url": f"{base_url}/psp/{slug}/{psp.callback}"} if psp.callback else {}
    if slug == "paymentiq":
        options = {"cashier_url": f"{vendor_url}/cashier", "merchant_id": "100014999"}
    if slug == "adyen":
        options |= {"merchant_account": "AuroraDemo", "balance_account": "BA00000000000000000000001"}
    integration, made = Integration.objects.get_or_create(
        slug=slug,
        defaults={
            "name": f"{psp.title} (simulated)",
            "vendor": slug,
            "kind": Integration.Kind.PAYMENTS,
            "brand_code": AURORA,
            "base_url": vendor_url,
            "options": options,
        },
    )
    if not made and integration.base_url != vendor_url:
        # A demo that runs on another port than last time.
        integration.base_url, integration.options = vendor_url, integration.options | options
        integration.save(update_fields=["base_url", "options"])
    return integration


def _exchange_secrets(integration: Integration, platform_url: str, now: datetime) -> None:
    """Make the secrets of both sides, and give each what it needs."""
    theirs, keys = _SECRETS[integration.slug]()
    SimulatedPsp.objects.create(slug=integration.slug, platform_url=platform_url, secrets=theirs)
    for purpose, name, secret in keys:
        add_credential(integration=integration, purpose=purpose, name=name, secret=secret.encode(), actor=None, now=now)


_Made = tuple[dict[str, str], list[tuple[Credential.Purpose, str, str]]]


def _paymentiq() -> _Made:
    theirs = {"username": "paymentiq-demo", "password": secrets.token_urlsafe(18), "merchant_id": "100014999"}
    return theirs, [(_IN, name, theirs[name]) for name in ("username", "password")]


def _trustly() -> _Made:
    vendor, platform = new_key_pair(), new_key_pair()
    theirs = {
        "private_key_pem": vendor.private_pem,
        "platform_key_pem": platform.public_pem,
        "username": "trustly-demo",
        "password": secrets.token_urlsafe(18),
    }
    ours = [(_IN, "", vendor.public_pem), (_OUT, "", platform.private_pem)]
    return theirs, [*ours, *((_ACCESS, name, theirs[name]) for name in ("username", "password"))]


def _adyen() -> _Made:
    theirs = {
        "hmac_key_hex": secrets.token_hex(32).upper(),
        "username": "adyen-demo",
        "password": secrets.token_urlsafe(18),
        "merchant_account": "AuroraDemo",
        "api_key": secrets.token_urlsafe(32),
    }
    ours = [(_IN, name, theirs[name]) for name in ("hmac_key_hex", "username", "password")]
    return theirs, [*ours, (_ACCESS, "api_key", theirs["api_key"])]


def _cryptoprocessing() -> _Made:
    theirs = {"key": secrets.token_urlsafe(18), "secret": secrets.token_urlsafe(32)}
    ours = [(_IN, "key", theirs["key"]), (_IN, "secret", theirs["secret"])]
    return theirs, [*ours, (_OUT, "secret", theirs["secret"]), (_ACCESS, "key", theirs["key"])]


_SECRETS = {
    "paymentiq": _paymentiq,
    "trustly": _trustly,
    "adyen": _adyen,
    "cryptoprocessing": _cryptoprocessing,
}


def _agree(integration: Integration, now: datetime) -> None:
    """Enter the terms with a provider, and that large card payouts had better go elsewhere."""
    if PspContract.objects.filter(integration=integration).exists():
        return
    add_contract_version(
        integration_id=integration.pk,
        terms=_TERMS[integration.slug],
        # Payments of the demo's past run under it too.
        valid_from=now - timedelta(days=120),
        maker=None,
        checker=None,
        now=now - timedelta(days=121),
    )
    if integration.slug == "adyen":
        RoutingRule.objects.get_or_create(
            name="Bank transfers of new players not by Adyen",
            defaults={
                "integration": integration, "verdict": RoutingRule.Verdict.AVOID, "direction": "deposit",
                "method_id": "bank_transfer", "tier": RoutingRule.Tier.NEW, "position": 10,
            },
        )  # fmt: skip


def _settlement(currencies: tuple[str, ...], **terms: Any) -> list[dict[str, Any]]:
    return [{"currency": currency, **terms} for currency in currencies]


def _fees(kind: str, percent: str, fixed: str, currencies: tuple[str, ...] = _FIAT) -> list[dict[str, Any]]:
    return [{"kind": kind, "currency": currency, "percent": percent, "fixed": fixed} for currency in currencies]


_US = {"legal_entity": "Aurora Gaming Ltd", "merchant_of_record": "Aurora Gaming Ltd", "category_code": "7995"}
_TERMS: dict[str, dict[str, Any]] = {
    "adyen": {
        **_US, "acquirer": "Adyen N.V.", "merchant_id": "526567789012346", "descriptor": "AURORA CASINO",
        "liability": "merchant", "shifts_liability": True, "defense_days": 14, "refund_days": 365,
        "settlement": _settlement(
            _FIAT, lag_days=2, calendar="target", cut_off="00:00", timezone="Europe/Amsterdam", minimum="100"
        ),
        "reserve": [{"currency": currency, "percent": "5", "days": 180, "cap": "250000"} for currency in _FIAT],
        "fees": [
            *_fees("deposit", "1.6", "0.11"), *_fees("withdrawal", "0", "0.25"), *_fees("refund", "0", "0.11"),
            *_fees("chargeback", "0", "20"),
        ],
    },
    "trustly": {
        **_US, "acquirer": "Trustly Group AB", "descriptor": "AURORA", "liability": "psp", "refund_days": 90,
        "methods": ["bank_transfer"],
        "settlement": _settlement(
            _FIAT, lag_days=1, calendar="target", cut_off="15:00", timezone="Europe/Stockholm",
            pays_out_of_balance=False,
        ),
        "fees": [*_fees("deposit", "0.9", "0.20"), *_fees("withdrawal", "0", "0.45")],
    },
    "paymentiq": {
        **_US, "acquirer": "several, behind the cashier", "liability": "merchant",
        "settlement": _settlement(_FIAT, lag_days=3, calendar="weekdays", cut_off="12:00", timezone="Europe/Malta"),
        "reserve": [{"currency": "EUR", "percent": "10", "days": 180}],
        "fees": [*_fees("deposit", "2.4", "0.30"), *_fees("chargeback", "0", "25")],
    },
    "cryptoprocessing": {
        **_US, "liability": "psp",
        "settlement": _settlement(("BTC",), lag_days=0, calendar="every_day", cut_off="23:59", minimum="0.001"),
        "fees": [*_fees("deposit", "0.8", "0", ("BTC",)), *_fees("withdrawal", "0", "0.0001", ("BTC",))],
    },
}  # fmt: skip


def _open_methods(integration: Integration, psp: _Psp) -> None:
    for method, currencies, priority in psp.cells:
        for currency in currencies:
            limits = {
                "min_units": Money.parse(_SMALLEST.get(currency, "5"), currency).units,
                "max_units": Money.parse(_LARGEST.get(currency, "50000"), currency).units,
                "priority": priority,
            }
            for direction in ("deposit", "withdrawal") if psp.pays_out else ("deposit",):
                Capability.objects.get_or_create(
                    integration=integration,
                    direction=direction,
                    method_id=method,
                    currency=currency,
                    defaults=limits,
                )
