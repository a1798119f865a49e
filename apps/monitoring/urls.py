"""Paths of monitoring's own pages; they stand before the admin's."""

from django.urls import path

from apps.monitoring import health_page

app_name = "monitoring"

urlpatterns = [path("admin/monitoring/health/", health_page.health_page, name="health")]
