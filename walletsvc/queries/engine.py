"""The read engine: a question becomes one query for each level, and its rows the records that both faces encode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from django.db.models import Model, QuerySet

from walletsvc.db import reader
from walletsvc.db.statements import Asked, TooManyRows, answer
from walletsvc.principals import Principal
from walletsvc.queries import counts
from walletsvc.queries.attempts import MOST_EXAMINED, answer_within, is_bounded, number_of, number_of_one, too_broad
from walletsvc.queries.clauses import Joins, table_of
from walletsvc.queries.far_pages import FAR, read_from_end
from walletsvc.queries.first_rows import fetch_first_rows
from walletsvc.queries.history import compute_balances
from walletsvc.queries.joins import NO_JOINS, joins_for, places_of
from walletsvc.queries.lists import between_cursors, cut_page, filtered, page_cutter, plan_of, within_owner
from walletsvc.queries.permission import check_read
from walletsvc.queries.questions import (
    BalanceQuestion,
    CursorPage,
    NumberedPage,
    Order,
    Question,
    Selection,
    StatementQuestion,
    parse_order,
)
from walletsvc.queries.records import Linked, Lists, Page, Plan, Record, attach_lists, plan_for
from walletsvc.queries.row_sql import Row, ask_rows, fetch_rows_by_id
from walletsvc.queries.scope import scope_of, scope_within_parent, within_reach
from walletsvc.queries.statements import compute_statements
from walletsvc.queries.ways import hint_for, hint_for_all, other_ways, parent_key, without_constants
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES
from walletsvc.telemetry.traces import READ, span


def read_page(question: Question, *, principal: Principal) -> Page:
    """Answer a question. Raises `InvalidParameter` for invalid filters, orders and cursors."""
    resource = RESOURCES[question.resource]
    check_read(principal, resource, question.selection)
    queryset = filtered(question, principal)
    seen_by, owner = principal, dict(question.filters).get("owner", principal.owner)
    if owner != principal.owner:
        # The list that this owner gets, along the same indexes.
        seen_by = replace(principal, owner=owner)
        question = replace(question, filters=tuple(each for each in question.filters if each[0] != "owner"))
        queryset = filtered(question, principal)
    key = parent_key(question)
    wallet = counts.wallet_in(question)
    order = parse_order(resource, question.order, parent=key)
    walk = without_constants(order if owner is None else within_owner(order, resource), question)
    hint = hint_for(question, key or ("" if owner is None else "owner"), order)
    others = other_ways(question, key or ("" if owner is None else "owner"), order)
    scope = scope_of(seen_by, wallet=wallet)
    count = counts.ask_count(question, queryset, principal=seen_by, scope=scope) if question.count else None
    plan = plan_of(question, order, principal)
    joins = joins_for(plan, question, principal=principal)
    if joins.relations:
        scope = scope_of(seen_by, wallet=wallet, table=table_of(resource.model))
    if isinstance(question.page, CursorPage):
        queryset = between_cursors(queryset, question.page, order, resource)
    ask = partial(ask_rows, queryset, plan.columns, plan.kinds, scope=scope, joins=joins)
    within = partial(answer_within, question, send=answer, hint=hint, others=others, count=count)
    with span(READ, resource=resource.name):
        if isinstance(question.page, NumberedPage):
            page = _read_numbered_page(question, question.page, order, walk, plan, ask, within, count)
        else:
            page = _read_cursor_page(question, question.page, order, walk, plan, ask, within)
    if question.selection.goes_further:
        _read_further([page], question.selection, principal, joins)
    return page


def read_one(resource: Resource, selection: Selection, *, principal: Principal, **match: object) -> Record | None:
    """Return the visible record whose columns match, or None."""
    identifier = match.get("id")
    if isinstance(identifier, int) and len(match) == 1:
        found = read_by_ids(resource, selection, principal=principal, ids=[identifier])
    else:
        found = read_many(resource, selection, principal=principal, **match)
    return found[0] if found else None


def read_by_ids(
    resource: Resource, selection: Selection, *, principal: Principal, ids: Sequence[int]
) -> list[Record]:
    """Return the visible records with these ids, in no particular order."""
    check_read(principal, resource, selection)
    plan = plan_for(principal, resource.name, selection.fields, counts.kept_for(resource, selection))
    rows = fetch_rows_by_id(resource.model, plan.columns, plan.kinds, ids, scope=scope_of(principal))
    records = [Record(plan, row) for row in rows]
    read_related(records, selection, principal=principal)
    return records


def read_many(resource: Resource, selection: Selection, *, principal: Principal, **match: object) -> list[Record]:
    """Return the visible records whose columns match, in no particular order."""
    check_read(principal, resource, selection)
    plan = plan_for(principal, resource.name, selection.fields)
    if "txid" in match:
        reader.leave()
    queryset: QuerySet[Model] = resource.model._default_manager.filter(**match)
    rows, _ = answer(ask_rows(queryset, plan.columns, plan.kinds, scope=scope_of(principal)))
    records = [Record(plan, row) for row in rows]
    read_related(records, selection, principal=principal)
    return records


def _read_numbered_page(
    question: Question,
    page: NumberedPage,
    order: Order,
    walk: Order,
    plan: Plan,
    ask: Callable[..., Asked[Any]],
    within: Callable[..., Any],
    count: Asked[int] | None,
) -> Page:
    start = (page.number - 1) * page.size
    if start >= FAR and count is not None and not count.may_be_left_out:
        found = read_from_end(partial(ask, order=walk.reversed()), within, count, start=start, size=page.size)
        if found is not None:
            rows, number = found
            has_next = start + len(rows) < number
            return Page(plan, rows, order, has_next=has_next, has_previous=True, count=number)
    wanted = partial(ask, order=walk, limit=page.size + 1, offset=start)
    rows, number = within(wanted, skipped=start)
    cut = cut_page(rows, question, order, plan)
    cut.has_previous = start > 0
    cut.count = number_of(cut, number, before=start) if count is not None else None
    return cut


def _read_cursor_page(
    question: Question,
    page: CursorPage,
    order: Order,
    walk: Order,
    plan: Plan,
    ask: Callable[..., Asked[Any]],
    within: Callable[..., Any],
) -> Page:
    wanted = partial(ask, order=walk.reversed() if page.backward else walk, limit=page.size + 1)
    rows, number = within(wanted, skipped=0)
    cut = cut_page(rows, question, order, plan)
    is_first = page.after is None and page.before is None and not cut.has_previous
    cut.count = number_of(cut, number, before=0 if is_first else None) if question.count else None
    return cut


# -- related records -----------------------------------------------------------------------------------


def read_related(records: Sequence[Record], selection: Selection, *, principal: Principal) -> None:
    """Read the related records of all `records` together."""
    for name, wanted in selection.to_one:
        with span(READ, relation=name):
            _read_to_one(records, name, wanted, principal)
    if selection.to_many and records:
        rows = [record.row for record in records]
        attach_lists(_read_lists(records[0].plan, rows, selection.to_many, principal), records)
    for balance in selection.balances:
        _read_balances(records, balance)
    for statement in selection.statements:
        _read_statements(records, statement, principal)


def _read_further(pages: Sequence[Page], selection: Selection, principal: Principal, joins: Joins = NO_JOINS) -> None:
    """Read what is related to the records of some pages, of one plan, together.

    They stay rows: documents need an object for each only for what is computed from entries.
    """
    rows = [row for page in pages for row in page.rows]
    if not rows:
        return
    plain = [each for each in selection.to_one if _is_plain(each[1])]
    links = _read_links(pages[0].plan, rows, plain, principal, joins)
    lists = _read_lists(pages[0].plan, rows, selection.to_many, principal)
    for page in pages:
        page.links, page.lists = links, lists
    rest = replace(selection, to_one=tuple(each for each in selection.to_one if each not in plain), to_many=())
    if rest.goes_further:
        read_related([record for page in pages for record in page.records], rest, principal=principal)


def _is_plain(selection: Selection) -> bool:
    """Tell whether it selects nothing that is computed from entries, here and along its to-one relations."""
    is_computed = selection.balances or selection.statements
    return not is_computed and all(_is_plain(wanted) for _, wanted in selection.to_one)


def _read_links(
    plan: Plan,
    rows: Iterable[Row],
    wanted: Iterable[tuple[str, Selection]],
    principal: Principal,
    joins: Joins = NO_JOINS,
) -> dict[str, Linked]:
    """Return what the to-one relations of `rows` lead to, those by `joins` from the rows themselves."""
    links = {}
    joined = places_of(joins, plan)
    for name, selection in wanted:
        target, place = RESOURCES[plan.resource.to_one[name].target], plan.keys[name]
        linked = plan_for(principal, target.name, selection.fields, counts.kept_for(target, selection))
        if name in joined:
            part = joined[name]
            links[name] = Linked(linked, {row[place]: row[part] for row in rows if row[part.start] is not None})
            continue
        check_read(principal, target, selection)
        ids = [int(key) for key in dict.fromkeys(row[place] for row in rows) if key is not None]
        with span(READ, relation=name):
            found = fetch_rows_by_id(target.model, linked.columns, linked.kinds, ids, scope=scope_of(principal))
        below = _read_links(linked, found, selection.to_one, principal) if selection.to_one and found else {}
        lists = _read_lists(linked, found, selection.to_many, principal) if found else {}
        links[name] = Linked(linked, {row[0]: row for row in found}, below, lists)
    return links


def _read_balances(wallets: Sequence[Record], question: BalanceQuestion) -> None:
    known = _heads(wallets)
    found = dict(zip(known, compute_balances([*known.values()], question), strict=True))
    for wallet in wallets:
        wallet.history[question] = found[wallet.id]


def _read_statements(wallets: Sequence[Record], question: StatementQuestion, principal: Principal) -> None:
    known = _heads(wallets)
    found = dict(zip(known, compute_statements([*known.values()], question, principal=principal), strict=True))
    for wallet in wallets:
        wallet.history[question.period] = found[wallet.id]
    for lines in question.lines:
        if lines.selection.goes_further:
            _read_further([each.lines[lines.alias] for each in found.values()], lines.selection, principal)


def _heads(wallets: Sequence[Record]) -> dict[int, tuple[int, int, str]]:
    """Return id, sequence and currency of each wallet, by the id."""
    return {each.id: (each.id, int(each.row[each.plan.places["sequence"]]), each.currency) for each in wallets}


def _read_to_one(records: Sequence[Record], name: str, selection: Selection, principal: Principal) -> None:
    if not records:
        return
    target = RESOURCES[records[0].resource.to_one[name].target]
    keys = [record.keys[name] for record in records]
    ids = [key for key in dict.fromkeys(keys) if key is not None]
    related = read_by_ids(target, selection, principal=principal, ids=ids)
    found: dict[int | None, Record] = {each.id: each for each in related}
    for record, key in zip(records, keys, strict=True):
        record.one[name] = found.get(key)


def _read_lists(
    plan: Plan, rows: Sequence[Row], wanted: Iterable[tuple[str, Question]], principal: Principal
) -> Lists:
    """Return the pages of the to-many relations of `rows`."""
    lists = {}
    for name, question in wanted:
        with span(READ, relation=name):
            lists[name, question.alias] = _read_to_many(plan, rows, name, question, principal)
    return lists


def _read_to_many(
    parents: Plan, parent_rows: Sequence[Row], name: str, question: Question, principal: Principal
) -> Mapping[bytes, Page]:
    page = question.page
    if not isinstance(page, CursorPage):
        raise TypeError("Related records are paged by cursor.")
    relation = parents.resource.to_many[name]
    resource, key = RESOURCES[question.resource], relation.column
    texts = dict.fromkeys([row[0] for row in parent_rows])
    ids = [*map(int, texts)]
    queryset = filtered(question, principal)
    order = parse_order(resource, question.order, parent=key)
    reached = within_reach(queryset, principal)
    counted = counts.count_by_parent(question, reached, key=key, ids=ids) if question.count else {}
    kept = counts.kept_by(parents, parent_rows, question, key=key)
    plan = plan_of(question, order, principal)
    if key not in plan.places:
        # Callers bound to an owner are shown it from something that is no column.
        plan = plan_for(principal, resource.name, question.selection.fields, (*plan.columns, key))
    limit = page.size + 1
    shows_all = bool(kept) and max(kept.values()) <= limit
    try:
        rows = fetch_first_rows(
            between_cursors(queryset, page, order, resource),
            plan,
            key=key,
            ids=ids,
            walk=order.reversed() if page.backward else order,
            limit=limit,
            few=relation.few or shows_all,
            hint_for_few="" if relation.few else hint_for_all(resource, key, order),
            hints=(hint_for(question, key, order), *other_ways(question, key, order)[:1]),
            scope=scope_within_parent(principal, key=key),
            examined=MOST_EXAMINED if is_bounded(question) else None,
        )
    except TooManyRows as error:
        raise too_broad(question) from error
    cut = page_cutter(question, order, plan)
    pages = {text: cut(rows.get(text, ())) for text in texts}
    if question.count:
        for each, found in zip(ids, pages.values(), strict=True):
            found.count = number_of_one(counted.get(each, 0), found)
    if question.selection.goes_further:
        _read_further([*pages.values()], question.selection, principal)
    return pages
