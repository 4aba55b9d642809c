"""Who is calling, for this face."""

from django.http import HttpRequest

from walletsvc.principals import ANYONE, Principal


def get_principal(request: HttpRequest) -> Principal:
    """Return the caller. The server is open: everyone is the same caller, who may do everything."""
    return ANYONE
