"""The ASGI application: the live server, which serves subscriptions. Requests are served faster by WSGI."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "walletsvc.settings")
django.setup(set_prefix=False)

from graphql_api.live.app import make_application  # noqa: E402 - needs Django's apps to be ready
from walletsvc.access.identify import start_background  # noqa: E402
from walletsvc.db.patience import limit_waiting  # noqa: E402
from walletsvc.server.checks import refuse_unsafe_settings  # noqa: E402
from walletsvc.server.gauges import gauges  # noqa: E402
from walletsvc.server.readiness import readiness  # noqa: E402
from walletsvc.server.sweeper import sweeper  # noqa: E402
from walletsvc.server.telemetry import telemetry  # noqa: E402
from walletsvc.web.hooks import load_hooks, with_hooks_async  # noqa: E402
from walletsvc.web.proxies import behind_proxies_async  # noqa: E402

# The event loop shares the interpreter with threads that execute results: it gets its turn within a millisecond.
sys.setswitchinterval(0.001)

refuse_unsafe_settings()
limit_waiting()
start_background()
readiness.start()
telemetry.start()
gauges.start()
sweeper.start()
application = behind_proxies_async(with_hooks_async(make_application(), load_hooks()))
