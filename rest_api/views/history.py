"""What a wallet held in the past: /api/wallets/1/balance/."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from rest_api.history import BALANCE_PARAMETERS, BalanceReader, parse_balance
from rest_api.views.reads import ReadView
from walletsvc.commands.inputs import parse_id
from walletsvc.web.security import IMMUTABLE


class BalanceView(ReadView):
    """Read the balance at a moment, or after an entry."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        reader = BalanceReader(self.reader(), parse_balance(self.parameters(*BALANCE_PARAMETERS)))
        response = self.serve(reader.read, parse_id(identifier, what=self.endpoint.name))
        if reader.is_immutable(timezone.now()):
            response["Cache-Control"] = IMMUTABLE
        return response
