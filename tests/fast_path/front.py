"""The layer in front of Django with counters, and requests to it."""

import json
from io import BytesIO
from wsgiref.util import setup_testing_defaults

from rest_api.negotiation import MEDIA_TYPE
from walletsvc.web.fast_path import FrontHandler


class Front(FrontHandler):
    """Counts the requests that reach Django."""

    def __init__(self):
        super().__init__()
        self.reached = 0

    def get_response(self, request):
        self.reached += 1
        return super().get_response(request)

    def ask(self, path, *, method="GET", body=b"", **headers):
        """Return status, headers and body of the answer, as the WSGI server gets them."""
        path, _, query = path.partition("?")
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "localhost"}
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), **headers}
        setup_testing_defaults(environ)
        started = []
        chunks = self(environ, lambda status, headers, *_: started.append((status, headers)))
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        [(status, sent)] = started
        return status, {name.lower(): value for name, value in sent}, content


def graphql(query):
    return {"path": "/graphql/", "method": "POST", "body": json.dumps({"query": query}).encode()} | {
        "CONTENT_TYPE": "application/json"
    }


def transaction(wallet_id, txid, amount="1.00", **headers):
    data = {
        "type": "Transaction",
        "attributes": {"txid": txid, "amount": amount},
        "relationships": {"wallet": {"data": {"type": "Wallet", "id": str(wallet_id)}}},
    }
    body = json.dumps({"data": data}).encode()
    return {"path": "/api/transactions/", "method": "POST", "body": body, "CONTENT_TYPE": MEDIA_TYPE} | headers
