"""WSGI entry point, served by Granian."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino_platform.settings.development")

application = get_wsgi_application()
