"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "walletsvc.settings")
application = get_wsgi_application()

from walletsvc.checks import refuse_unsafe_settings  # noqa: E402 - needs the applications to be ready

# Whatever server loads this: it does not begin on settings that are unsafe.
refuse_unsafe_settings()
