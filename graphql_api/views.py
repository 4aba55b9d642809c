"""GraphQL over HTTP: `/graphql/` for programs, and the playground for browsers."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

from django.http import HttpRequest, HttpResponse

from graphql_api.answers import Answer, encode_refused, fault
from graphql_api.execution import answer
from graphql_api.identity import identify, rate_limited
from graphql_api.pages import playground
from graphql_api.requests import JSON_TYPE, RESPONSE_TYPE, Refused, choose_type, read_request, wants_page
from graphql_api.writing import Mutations
from walletsvc.errors import PreconditionFailed, RateLimited
from walletsvc.web.callers import principal_of
from walletsvc.web.limits import cover
from walletsvc.web.preconditions import check_read, check_write, nothing_there, revalidate
from walletsvc.web.replays import offer

logger = logging.getLogger(__name__)

_ALLOWED = "GET, HEAD, POST, OPTIONS"


def graphql(request: HttpRequest) -> HttpResponse:
    """Answer a GraphQL request, by POST or (queries only) GET."""
    try:
        return _respond(request)
    except Refused as refused:
        return _refuse(refused)
    except PreconditionFailed as failed:
        return _refuse(Refused(412, failed.code, failed.message))
    except RateLimited as error:
        return _refuse(rate_limited(error))
    except Exception:
        logger.exception("Unforeseen")
        return _refuse(fault())


def _respond(request: HttpRequest) -> HttpResponse:
    is_read = request.method in ("GET", "HEAD")
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": _ALLOWED})
    if not is_read and request.method != "POST":
        raise Refused(405, "method_not_allowed", "GraphQL takes GET and POST.", headers={"Allow": _ALLOWED})
    if wants_page(request):
        return playground(request)
    principal = identify(partial(principal_of, request.headers))
    media_type = choose_type(request)
    if not is_read:
        # This URL by itself has no representation.
        check_write(request.headers, nothing_there)
    pay = partial(cover, request.META)
    answered = answer(read_request(request), principal=principal, read_only=is_read, pay=pay)
    # With the newer media type the status says that nothing ran; with the older one clients expect 200.
    status = 400 if media_type == RESPONSE_TYPE and not answered.is_executed else 200
    content_type = f"{media_type}; charset=utf-8"
    response = HttpResponse(answered.body, status=status, content_type=content_type)
    response["Content-Length"] = str(len(answered.body))
    if is_read:
        _add_validators(request, response, answered)
    if answered.reading is not None:
        reading = replace(answered.reading, content_type=content_type)
        offer(request, read=lambda _number: reading)
    if answered.is_write:
        offer(request, write=Mutations(principal, content_type))
    return response


def _add_validators(request: HttpRequest, response: HttpResponse, answered: Answer) -> None:
    """Let the client revalidate the answer; make it a 304 if the client has it."""
    # Preconditions apply to a success only (RFC 9110, section 13.2.1), and an answer that has a tag is one.
    if answered.etag is not None:
        revalidate(request.headers, response, answered.etag)
    elif response.status_code == 200:
        check_read(request.headers, None)


def _refuse(refused: Refused) -> HttpResponse:
    """Return the response to a request that was refused before GraphQL ran."""
    body = encode_refused(refused)
    headers = {"Content-Length": str(len(body)), **refused.headers}
    return HttpResponse(body, status=refused.status, content_type=f"{JSON_TYPE}; charset=utf-8", headers=headers)
