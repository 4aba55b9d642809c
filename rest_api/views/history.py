"""What a wallet held in the past: /api/wallets/1/balance/ and /api/wallets/1/statement/."""

from __future__ import annotations

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from rest_api.exports import FORMS
from rest_api.history import BALANCE_PARAMETERS, BalanceReader, parse_balance
from rest_api.statements import STATEMENT_PARAMETERS, StatementReader, parse_statement
from rest_api.views.reads import ReadView
from walletsvc.commands.inputs import parse_id
from walletsvc.web.limits import cover
from walletsvc.web.preconditions import check_read
from walletsvc.web.security import IMMUTABLE
from walletsvc.web.streams import streams

LINES_OF_A_UNIT = 1000
"""How many lines of a file count as much as a request."""


class BalanceView(ReadView):
    """Read the balance at a moment, or after an entry."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        reader = BalanceReader(self.reader(), parse_balance(self.parameters(*BALANCE_PARAMETERS)))
        response = self.serve(reader.read, parse_id(identifier, what=self.endpoint.name))
        if reader.is_immutable(timezone.now()):
            response["Cache-Control"] = IMMUTABLE
        return response


class StatementView(ReadView):
    """Read the statement of a period: a document with a page of its lines, or a file with all of them."""

    other_types = tuple(FORMS)

    def get(self, request: Request, identifier: str) -> HttpResponseBase:
        parameters = self.parameters(*STATEMENT_PARAMETERS)
        reader = StatementReader(self.reader(), *parse_statement(parameters, principal=self.principal))
        number = parse_id(identifier, what=self.endpoint.name)
        form = FORMS.get(self.chosen_type)
        if form is None:
            return self.serve(reader.read, number)
        # What is made anew each time has no tag.
        check_read(request.headers, None)
        wallet, statement = reader.find(number)
        if form.check is not None:
            form.check(statement)
        cover(request.META, 1 + statement.count // LINES_OF_A_UNIT)
        if request.method == "HEAD":
            return HttpResponse(content_type=form.content_type, headers=dict(form.headers))
        chunks = streams.begin(form.print(statement, str(wallet.attributes["label"]), timezone.now()))
        return StreamingHttpResponse(chunks, content_type=form.content_type, headers=dict(form.headers))
