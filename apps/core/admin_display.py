"""How the staff site shows amounts, instants, links, bodies and personal data. No queries, no permissions."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.core.money import Money, MoneyError

NOTHING = "–"
# What our own records write: instants in UTC, and code words.
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:\+00:00|Z)")
_CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
_LEVELS = {
    "good": {"active", "on", "closed", "applied", "posted", "real", "ok", "enabled", "valid", "success"},
    "warning": {"restricted", "no_new_play", "open", "proposed", "expired", "replayed", "held", "demo", "expiring"},
    "bad": {
        "suspended", "off", "revoked", "rejected", "fatal", "retryable", "bad_signature", "blocked", "disabled",
        "conflict", "broken",
    },
}  # fmt: skip


def amount_text(units: int | None, currency: str) -> str:
    """
    Show an amount with its currency, exactly: ``"1,234.50 EUR"``.

    :param units: ledger units of the currency; None shows as a dash
    """
    if units is None:
        return NOTHING
    try:
        plain = Money(units, currency).format()
    except MoneyError:
        # Play money has no scale of its own; better the raw number than a wrong one.
        return f"{units} units {currency}"
    whole, point, fraction = plain.partition(".")
    return f"{int(whole):,}{point}{fraction} {currency}" if whole != "-0" else f"{plain} {currency}"


def signed_amount_text(units: int, currency: str) -> str:
    """Show an amount that came (+) or went (−)."""
    text = amount_text(units, currency)
    return f"+{text}" if units > 0 else text.replace("-", "−", 1)


def instant_text(at: datetime | None) -> str:
    """Show an instant in UTC, to the second."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC") if at else NOTHING


def duration_text(microseconds: int | None) -> str:
    """Show how long something took, in milliseconds."""
    return NOTHING if microseconds is None else f"{microseconds / 1000:,.1f} ms"


def level_of(word: str) -> str:
    """Say whether a state or outcome is ``good``, a ``warning``, ``bad`` or plain."""
    return next((level for level, words in _LEVELS.items() if word.lower() in words), "plain")


def pill(word: str, text: str = "", level: str = "") -> SafeString | str:
    """Show a state as a coloured word."""
    if not word and not text:
        return NOTHING
    return format_html('<span class="pill pill-{}">{}</span>', level or level_of(word), text or word.replace("_", " "))


def change_link(label: str, pk: Any, text: str) -> SafeString | str:
    """
    Link to the admin page of one object.

    :param label: ``"app_label.modelname"``
    """
    if pk is None:
        return NOTHING
    app, model = label.lower().split(".")
    try:
        url = reverse(f"admin:{app}_{model}_change", args=[pk])
    except NoReverseMatch:
        return text
    return format_html('<a class="staff-link" href="{}">{}</a>', url, text)


def plain_text(value: Any) -> str:
    """Show a recorded value in words: what rules and checks wrote down is read by people, not by programs."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{plain_text(name)}: {plain_text(each)}" for name, each in value.items()) or NOTHING
    if isinstance(value, list | tuple):
        return ", ".join(
            " ".join(map(plain_text, each)) if isinstance(each, list) else plain_text(each) for each in value
        )
    text = NOTHING if value is None else str(value)
    if (instant := _INSTANT.fullmatch(text)) is not None:
        return f"{instant[1]} {instant[2]} UTC"
    return text.replace("_", " ") if _CODE.fullmatch(text) else text


def facts_list(facts: Mapping[str, Any]) -> SafeString | str:
    """Show recorded facts as a list of names and values."""
    rows = [(plain_text(name), plain_text(value)) for name, value in facts.items() if value not in (None, "", [], {})]
    if not rows:
        return NOTHING
    return format_html('<dl class="facts">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows))


def trace_link(identifier: object, text: str = "") -> SafeString | str:
    """Link to the trace of an id, a vendor's or ours."""
    if not identifier:
        return NOTHING
    url = f"{reverse('backoffice:trace')}?id={identifier}"
    return format_html('<a class="staff-link mono" href="{}">{}</a>', url, text or str(identifier))


def masked_email(email: str) -> str:
    """Keep the first letter and the domain: ``a•••@example.com``."""
    name, at, domain = email.partition("@")
    return f"{name[:1]}•••{at}{domain}" if at else masked_text(email)


def masked_text(text: str) -> str:
    """Keep the first letter."""
    return f"{text[:1]}•••" if text else NOTHING
