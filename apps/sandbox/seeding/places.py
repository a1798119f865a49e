"""Demo data: currencies, jurisdictions, two invented brands and the markets they serve."""

from django.db import transaction

from apps.brands.models import Brand, Currency, Jurisdiction, Market
from apps.core.currencies import currency_spec

AURORA = "aurora"
NORDLYS = "nordlys"

_CURRENCIES = {
    "EUR": "Euro",
    "SEK": "Swedish krona",
    "DKK": "Danish krone",
    "NOK": "Norwegian krone",
    "GBP": "Pound sterling",
    "CAD": "Canadian dollar",
    "USD": "US dollar",
    "BRL": "Brazilian real",
    "JPY": "Japanese yen",
    "BTC": "Bitcoin",
    "USDT": "Tether",
}

# Code, name, regulator, zone in which the regulator's days begin.
_JURISDICTIONS = (
    ("MT", "Malta", "Malta Gaming Authority", "Europe/Malta"),
    ("GB", "Great Britain", "Gambling Commission", "Europe/London"),
    ("SE", "Sweden", "Spelinspektionen", "Europe/Stockholm"),
    ("DE", "Germany", "Gemeinsame Glücksspielbehörde der Länder", "Europe/Berlin"),
    ("NL", "Netherlands", "Kansspelautoriteit", "Europe/Amsterdam"),
    ("DK", "Denmark", "Spillemyndigheden", "Europe/Copenhagen"),
    ("ES", "Spain", "Dirección General de Ordenación del Juego", "Europe/Madrid"),
    ("IT", "Italy", "Agenzia delle Dogane e dei Monopoli", "Europe/Rome"),
    ("RO", "Romania", "Oficiul Național pentru Jocuri de Noroc", "Europe/Bucharest"),
    ("BR", "Brazil", "Secretaria de Prêmios e Apostas", "America/Sao_Paulo"),
    ("CA-ON", "Ontario", "Alcohol and Gaming Commission of Ontario", "America/Toronto"),
    ("US-NJ", "New Jersey", "Division of Gaming Enforcement", "America/New_York"),
)

# Brand, name, currencies, and for each jurisdiction the countries served under it.
_BRANDS = (
    (
        AURORA,
        "Aurora Casino",
        ("EUR", "SEK", "GBP", "CAD", "USD", "BTC"),
        {"MT": ["MT", "FI", "IS"], "SE": ["SE"], "DE": ["DE"], "GB": ["GB"], "CA-ON": ["CA"]},
    ),
    (NORDLYS, "Nordlys", ("DKK", "SEK", "EUR"), {"DK": ["DK"], "SE": ["SE"], "MT": ["MT", "FI"]}),
)


@transaction.atomic
def seed_places(base_url: str) -> None:
    """Make what is missing; what staff have changed since stays."""
    for code, name in _CURRENCIES.items():
        spec = currency_spec(code)
        scale = {"exponent": spec.exponent, "ledger_exponent": spec.ledger_exponent}
        Currency.objects.get_or_create(code=code, defaults={"name": name, **scale})
    for code, name, regulator, timezone in _JURISDICTIONS:
        facts = {"name": name, "regulator": regulator, "timezone": timezone}
        Jurisdiction.objects.get_or_create(code=code, defaults=facts)
    for code, name, currencies, markets in _BRANDS:
        brand, made = Brand.objects.get_or_create(code=code, defaults={"name": name})
        if made:
            brand.currencies.set(Currency.objects.filter(code__in=currencies))
        _move_frontend(brand, f"{base_url}/sandbox/")
        for jurisdiction, countries in markets.items():
            terms = {"countries": countries, "licence": f"DEMO/{jurisdiction}/{code.upper()}"}
            Market.objects.get_or_create(brand=brand, jurisdiction_id=jurisdiction, defaults=terms)


def _move_frontend(brand: Brand, url: str) -> None:
    """Follow a demo that runs on another port than last time."""
    if brand.frontend_url != url:
        brand.frontend_url = url
        brand.save(update_fields=["frontend_url"])
