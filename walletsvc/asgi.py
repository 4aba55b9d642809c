"""The ASGI application, for what needs a long-lived connection; requests are served faster by WSGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "walletsvc.settings")
application = get_asgi_application()

from walletsvc.checks import refuse_unsafe_settings  # noqa: E402 - needs the applications to be ready

refuse_unsafe_settings()
