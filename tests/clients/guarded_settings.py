"""The settings of a server that refuses some requests as too many, beside asking for keys."""

from walletsvc.settings import *  # noqa: F403 - all of them

REQUEST_HOOKS = ["tests.clients.too_many.TooMany"]
