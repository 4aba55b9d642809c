"""The WSGI application: Django, behind the layer that answers cached requests."""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "walletsvc.settings")
django.setup(set_prefix=False)


from walletsvc.access.identify import start_background  # noqa: E402 - needs Django's apps to be ready
from walletsvc.commands import bulkheads  # noqa: E402
from walletsvc.db.patience import limit_waiting  # noqa: E402
from walletsvc.server.affinity import keep_to_one_core  # noqa: E402
from walletsvc.server.checks import refuse_unsafe_settings  # noqa: E402
from walletsvc.server.gauges import gauges  # noqa: E402
from walletsvc.server.readiness import readiness  # noqa: E402
from walletsvc.server.telemetry import telemetry  # noqa: E402
from walletsvc.server.threads import keep_places_from_slow_bodies  # noqa: E402
from walletsvc.web.fast_path import FrontHandler  # noqa: E402
from walletsvc.web.headers import forget_variables_like_headers  # noqa: E402
from walletsvc.web.hooks import load_hooks, with_hooks  # noqa: E402
from walletsvc.web.proxies import behind_proxies  # noqa: E402

# Whatever server loads this: it refuses to start on unsafe settings.
refuse_unsafe_settings()
limit_waiting()
bulkheads.limit(threads=settings.WEB_THREADS)
start_background()
readiness.start()
telemetry.start()
if not settings.LIVE_PORT:
    # Otherwise the live server does it.
    gauges.start()
forget_variables_like_headers()
handler = FrontHandler()
application = keep_to_one_core(behind_proxies(with_hooks(handler, load_hooks(), refused=handler.by_django)))
keep_places_from_slow_bodies(handler, places=settings.WEB_THREADS)
