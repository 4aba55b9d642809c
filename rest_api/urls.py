"""The URLs below /api/, each with and without a trailing slash. All others are answered with 404."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, re_path

from rest_api.books import PATH as BOOKS
from rest_api.endpoints import ENDPOINTS, Endpoint
from rest_api.views import description
from rest_api.views.actions import ActionView
from rest_api.views.base import allow
from rest_api.views.books import BooksView, BookView
from rest_api.views.history import BalanceView, StatementView
from rest_api.views.operations import OperationsView
from rest_api.views.related import RelatedItemView, RelatedListView
from rest_api.views.relationships import ManyRelationshipView, OneRelationshipView
from rest_api.views.resources import CollectionView, ItemView
from rest_api.views.root import RootView, UnknownView
from walletsvc.schema.resources import WALLET

_READ = ("GET", "HEAD")


def _patterns(endpoint: Endpoint) -> Iterator[URLPattern]:
    collection = rf"\A{endpoint.path}"
    item = rf"{collection}/(?P<identifier>[^/]+)"
    creating = ["POST"] if endpoint.create else []
    changing = [*(["PATCH"] if endpoint.update else []), *(["DELETE"] if endpoint.delete else [])]
    yield re_path(
        rf"{collection}/?\Z",
        CollectionView.as_view(endpoint=endpoint, http_method_names=allow([*_READ, *creating])),
        name=f"{endpoint.path}-list",
    )
    yield re_path(
        rf"{item}/?\Z",
        ItemView.as_view(endpoint=endpoint, http_method_names=allow([*_READ, *changing])),
        name=f"{endpoint.path}-detail",
    )
    for name, view in (("balance", BalanceView), ("statement", StatementView)) if endpoint.resource is WALLET else ():
        yield re_path(
            rf"{item}/{name}/?\Z",
            view.as_view(endpoint=endpoint, http_method_names=allow(_READ)),
            name=f"{endpoint.path}-{name}",
        )
    for name, action in endpoint.actions.items():
        # The URL of a relation lists what the action creates.
        is_read = name in endpoint.resource.to_many
        yield re_path(
            rf"{item}/{name}/?\Z",
            ActionView.as_view(
                endpoint=endpoint,
                action=action,
                relation=name if is_read else "",
                http_method_names=allow([*(_READ if is_read else ()), "POST"]),
            ),
            name=f"{endpoint.path}-{name}",
        )
    views = [
        *(
            (name, RelatedListView, ManyRelationshipView, ["POST", "PATCH", "DELETE"])
            for name in endpoint.resource.to_many
        ),
        *((name, RelatedItemView, OneRelationshipView, ["PATCH"]) for name in endpoint.resource.to_one),
    ]
    for name, related, relationship, writes in views:
        options = {"endpoint": endpoint, "relation": name}
        if name not in endpoint.actions:
            yield re_path(
                rf"{item}/{name}/?\Z",
                related.as_view(**options, http_method_names=allow(_READ)),
                name=f"{endpoint.path}-{name}",
            )
        yield re_path(
            rf"{item}/relationships/{name}/?\Z",
            relationship.as_view(**options, http_method_names=allow([*_READ, *writes])),
            name=f"{endpoint.path}-relationships-{name}",
        )


urlpatterns = [
    re_path(r"\A\Z", RootView.as_view(), name="root"),
    re_path(r"\Aoperations/?\Z", OperationsView.as_view(), name="operations"),
    re_path(r"\Aschema/?\Z", description.schema, name="schema"),
    re_path(r"\Adocs/?\Z", description.docs, name="docs"),
    re_path(rf"\A{BOOKS}/?\Z", BooksView.as_view(http_method_names=allow(_READ)), name=f"{BOOKS}-list"),
    re_path(
        rf"\A{BOOKS}/(?P<currency>[^/]+)/?\Z",
        BookView.as_view(http_method_names=allow(_READ)),
        name=f"{BOOKS}-detail",
    ),
    *(pattern for endpoint in ENDPOINTS.values() for pattern in _patterns(endpoint)),
    # Otherwise Django would answer in HTML.
    re_path(r"(?s:.*)", UnknownView.as_view()),
]
