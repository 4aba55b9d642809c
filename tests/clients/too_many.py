"""A hook that refuses requests as a limit does, whenever a test wants it."""

from walletsvc.web.hooks import AnswerHead, RequestHead
from walletsvc.web.refusals import Refusal

HEADERS = {"Retry-After": "7", "RateLimit": '"principal";r=0;t=7', "RateLimit-Policy": '"principal";q=1;w=60'}


class TooMany:
    """Refuses requests with the key `too-many` (`Idempotency-Key`)."""

    def before(self, request: RequestHead) -> Refusal | None:
        if request.headers.get("Idempotency-Key") != "too-many":
            return None
        return Refusal(429, "rate_limited", "Too many requests.", headers=HEADERS)

    def after(self, request: RequestHead, answer: AnswerHead) -> None:
        pass
