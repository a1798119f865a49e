"""ASGI entry point, for servers that prefer it; the platform itself is measured on WSGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino_platform.settings.development")

application = get_asgi_application()
