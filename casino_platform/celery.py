"""The Celery application and the schedule, as code: what runs by itself, and how often."""

import os
from typing import Any

import structlog
from celery import Celery
from celery.schedules import crontab
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections, connections

from casino_platform.heartbeat import WorkerHeartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino_platform.settings.development")

log = structlog.get_logger(__name__)

# Task name -> when. Tasks live in apps/<app>/tasks.py under the names used here.
SCHEDULE: dict[str, dict[str, Any]] = {
    "core.purge_idempotency_keys": {"task": "core.purge_idempotency_keys", "schedule": 60 * 60},
    "integrations.ensure_partitions": {"task": "integrations.ensure_partitions", "schedule": 60 * 60},
    "integrations.sweep_unanswered": {"task": "integrations.sweep_unanswered", "schedule": 60},
    "integrations.refresh_health": {"task": "integrations.refresh_health", "schedule": 30},
    "integrations.watch_vendors": {"task": "integrations.watch_vendors", "schedule": 30},
    "integrations.send_alerts": {"task": "integrations.send_alerts", "schedule": 15},
    "integrations.fan_out_facts": {"task": "integrations.fan_out_facts", "schedule": 2},
    "integrations.deliver_webhooks": {"task": "integrations.deliver_webhooks", "schedule": 2},
    "integrations.drop_expired": {"task": "integrations.drop_expired", "schedule": 24 * 60 * 60},
    "integrations.warn_expiring_credentials": {
        "task": "integrations.warn_expiring_credentials",
        "schedule": 24 * 60 * 60,
    },
    "transactions.roll_up_accounts": {"task": "transactions.roll_up_accounts", "schedule": 5},
    "transactions.check_new_books": {"task": "transactions.check_new_books", "schedule": 60},
    "transactions.check_all_books": {"task": "transactions.check_all_books", "schedule": 24 * 60 * 60},
    "compliance.end_stale_requests": {"task": "compliance.end_stale_requests", "schedule": 60},
    "compliance.sweep_exports": {"task": "compliance.sweep_exports", "schedule": 60},
    "compliance.erase_expired": {"task": "compliance.erase_expired", "schedule": 60 * 60},
    "compliance.mark_dormant": {"task": "compliance.mark_dormant", "schedule": crontab(hour=2, minute=40)},
    "compliance.sweep_cases": {"task": "compliance.sweep_cases", "schedule": 30},
    "compliance.follow_money": {"task": "compliance.follow_money", "schedule": 10},
    "compliance.collect_traces": {"task": "compliance.collect_traces", "schedule": 60},
    "monitoring.follow_ledger": {"task": "monitoring.follow_ledger", "schedule": 5},
    "monitoring.follow_facts": {"task": "monitoring.follow_facts", "schedule": 5},
    "monitoring.watch_lag": {"task": "monitoring.watch_lag", "schedule": 30},
    "monitoring.retry_dead_letters": {"task": "monitoring.retry_dead_letters", "schedule": 60},
    "monitoring.sweep_backtests": {"task": "monitoring.sweep_backtests", "schedule": 15},
    "monitoring.assess_risk": {"task": "monitoring.assess_risk", "schedule": 60 * 60},
    "monitoring.judge_nightly": {"task": "monitoring.judge_nightly", "schedule": crontab(hour=3, minute=10)},
    "providers.resolve_incomplete_rounds": {"task": "providers.resolve_incomplete_rounds", "schedule": 60},
    "providers.flag_stuck_rounds": {"task": "providers.flag_stuck_rounds", "schedule": 60},
    "providers.end_sessions": {"task": "providers.end_sessions", "schedule": 60},
    "providers.synchronise_catalogues": {
        "task": "providers.synchronise_catalogues",
        "schedule": crontab(hour=4, minute=50),
    },
    "providers.sweep_catalogue_syncs": {"task": "providers.sweep_catalogue_syncs", "schedule": 60},
    "safer_play.apply_due_limits": {"task": "safer_play.apply_due_limits", "schedule": 30},
    "safer_play.end_due_exclusions": {"task": "safer_play.end_due_exclusions", "schedule": 30},
    "safer_play.lapse_visits": {"task": "safer_play.lapse_visits", "schedule": 60},
    "safer_play.end_idle_log_ins": {"task": "safer_play.end_idle_log_ins", "schedule": 20},
    "safer_play.refresh_guards": {"task": "safer_play.refresh_guards", "schedule": 60 * 60},
    "safer_play.measure_interactions": {"task": "safer_play.measure_interactions", "schedule": 60 * 60},
    "safer_play.trim_tallies": {"task": "safer_play.trim_tallies", "schedule": 24 * 60 * 60},
    "payments.follow_identity": {"task": "payments.follow_identity", "schedule": 10},
    "payments.refund_to_source": {"task": "payments.refund_to_source", "schedule": 10},
    "payments.sweep_payments": {"task": "payments.sweep_payments", "schedule": 15},
    "payments.expire_deposits": {"task": "payments.expire_deposits", "schedule": 5 * 60},
    "providers.check_certificates": {"task": "providers.check_certificates", "schedule": 60 * 60},
    "bonuses.follow_ledger": {"task": "bonuses.follow_ledger", "schedule": 5},
    "bonuses.watch": {"task": "bonuses.watch", "schedule": 30},
    "verification.sweep_inbox": {"task": "verification.sweep_inbox", "schedule": 15},
    "verification.poll_sessions": {"task": "verification.poll_sessions", "schedule": 60},
    "verification.watch_thresholds": {"task": "verification.watch_thresholds", "schedule": 10},
    "verification.follow_facts": {"task": "verification.follow_facts", "schedule": 15},
    "verification.screen_due": {"task": "verification.screen_due", "schedule": 5 * 60},
    "verification.recheck": {"task": "verification.recheck", "schedule": 60 * 60},
    "payments.sweep_inbox": {"task": "payments.sweep_inbox", "schedule": 15},
    "payments.release_reserves": {"task": "payments.release_reserves", "schedule": 60 * 60},
    "payments.watch_disputes": {"task": "payments.watch_disputes", "schedule": 15 * 60},
    "payments.end_drills": {"task": "payments.end_drills", "schedule": 30},
    # After midnight by a margin: what was still being written at the end of the day has ended by then.
    "reconciliation.reconcile_day": {"task": "reconciliation.reconcile_day", "schedule": crontab(hour=3, minute=15)},
    "reconciliation.make_scheduled_exports": {
        "task": "reconciliation.make_scheduled_exports",
        "schedule": crontab(hour=4, minute=30),
    },
    "backoffice.check_read_log": {"task": "backoffice.check_read_log", "schedule": crontab(hour=2, minute=40)},
    # Queued by each file too; this finds what was lost, and fees that payments told of late.
    "reconciliation.post_settlements": {"task": "reconciliation.post_settlements", "schedule": 15 * 60},
    "reconciliation.sweep": {"task": "reconciliation.sweep", "schedule": 60},
    "reporting.follow_ledger": {"task": "reporting.follow_ledger", "schedule": 10},
    "reporting.watch_rtp": {"task": "reporting.watch_rtp", "schedule": 60},
    "reporting.follow_revenue": {"task": "reporting.follow_revenue", "schedule": 60},
    "reporting.count_calls": {"task": "reporting.count_calls", "schedule": 5 * 60},
    "reporting.draw_invoices": {"task": "reporting.draw_invoices", "schedule": crontab(minute=40)},
    "reporting.sweep_exports": {"task": "reporting.sweep_exports", "schedule": 60},
}

app = Celery("casino_platform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = SCHEDULE
app.autodiscover_tasks()
app.steps["worker"].add(WorkerHeartbeat)


@task_prerun.connect
@task_postrun.connect
def give_connection_back(task: Any = None, **_: Any) -> None:
    """Do around each task what Django does around each request; a worker finds a database that came back by itself."""
    if getattr(task.request, "is_eager", False):
        return
    _abandon_open_transactions(task.name)
    close_old_connections()


def _abandon_open_transactions(task: str) -> None:
    """
    Roll back what a task began and nothing ends any more: its time limit fell between two lines of `atomic`, say.

    Django would leave it to its owner, and whatever the next tasks write would belong to it and never be committed.
    """
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            log.error("task_left_a_transaction_open", task=task, database=connection.alias)
            connection.close()
            del connections[connection.alias]
