from django.apps import AppConfig
from django.conf import settings


class GraphqlApiConfig(AppConfig):
    name = "graphql_api"

    def ready(self) -> None:
        """Read the allowlist now, so that a bad one keeps the server from starting."""
        from graphql_api.persisted import read_allowlist

        read_allowlist(settings.GRAPHQL_ALLOWLIST)
