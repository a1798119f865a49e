"""The Celery application and the schedule, as code: what runs by itself, and how often."""

import os
from typing import Any

from celery import Celery

from casino_platform.heartbeat import WorkerHeartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino_platform.settings.development")

# Task name -> when. Tasks live in apps/<app>/tasks.py under the names used here.
SCHEDULE: dict[str, dict[str, Any]] = {
    "core.purge_idempotency_keys": {"task": "core.purge_idempotency_keys", "schedule": 60 * 60},
}

app = Celery("casino_platform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = SCHEDULE
app.autodiscover_tasks()
app.steps["worker"].add(WorkerHeartbeat)
