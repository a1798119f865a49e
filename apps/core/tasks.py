"""Scheduled chores of the plumbing."""

from celery import shared_task

from apps.core.idempotency import purge_expired_keys


@shared_task(name="core.purge_idempotency_keys")
def purge_idempotency_keys() -> int:
    """Delete stored answers past their time; safe to run twice at once."""
    return purge_expired_keys()
