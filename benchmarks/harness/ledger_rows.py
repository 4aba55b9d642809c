"""The rows of what the ledger does beyond a plain post, each compared with that."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.harness.contenders import OURS
from benchmarks.harness.dataset import wallets_with_a_floor, wallets_with_a_hold
from benchmarks.harness.questions import (
    CAPTURE,
    POST_HOLD,
    POST_TRANSACTION,
    POST_TRANSFER,
    POST_WITH_CONDITIONS,
    POST_WITH_KEY,
)
from benchmarks.harness.row import Row
from benchmarks.harness.wrk import Template


def make_ledger_rows(wallets: int) -> list[Row]:
    """Return the rows. The ids of wallets are from 1 to `wallets`, and beyond for those with a floor or a hold."""
    everywhere = (1, wallets)
    return [
        _row("post-keyed", "POST with an Idempotency-Key", replace(POST_WITH_KEY, wallets=everywhere)),
        _row(
            "post-replayed",
            "POST with an Idempotency-Key, each twice",
            replace(POST_WITH_KEY, wallets=everywhere, times=2),
            per_request=0.5,
        ),
        _row("post-conditions", "POST with conditions", replace(POST_WITH_CONDITIONS, wallets=everywhere)),
        _row(
            "post-floor",
            "POST to wallets with a floor",
            replace(POST_TRANSACTION, wallets=wallets_with_a_floor(wallets)),
        ),
        _row(
            "transfer-spread",
            "POST a transfer, spread wallets",
            replace(POST_TRANSFER, wallets=everywhere, others=everywhere),
            per_request=2,
        ),
        _row(
            "transfer-pair",
            "POST a transfer, between two wallets",
            replace(POST_TRANSFER, wallets=(1, 2), others=(1, 2)),
            per_request=2,
        ),
        _row(
            "transfer-one",
            "POST a transfer, all into one wallet",
            replace(POST_TRANSFER, wallets=(2, wallets), others=(1, 1)),
            per_request=2,
        ),
        _row(
            "hold",
            "POST a hold, spread wallets",
            replace(POST_HOLD, wallets=wallets_with_a_hold(wallets)),
            table="walletsvc_hold",
        ),
        _row("capture", "POST a capture, spread holds", replace(CAPTURE, wallets=wallets_with_a_hold(wallets))),
    ]


def _row(key: str, title: str, template: Template, *, per_request: float = 1, table: str | None = None) -> Row:
    return Row(key, title, template, (OURS,), per_request=per_request, family="post", is_new=True, table=table)
