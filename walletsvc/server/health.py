"""Health of the server."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from walletsvc.models import Wallet
from walletsvc.web.methods import read_only


@read_only
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the database answers and is set up, else 503. For load balancers and containers."""
    try:
        Wallet.objects.order_by("id").values_list("id").first()
    except DatabaseError:
        connection.close()
        return JsonResponse({"status": "unavailable", "database": "does not answer"}, status=503)
    return JsonResponse({"status": "ok"})
