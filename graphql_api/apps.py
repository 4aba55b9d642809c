from django.apps import AppConfig
from django.conf import settings


class GraphqlApiConfig(AppConfig):
    name = "graphql_api"

    def ready(self) -> None:
        """Read the allowlist, so that a bad one stops the server at its start; register the printer of refusals."""
        from graphql_api.persisted import read_allowlist
        from graphql_api.refusals import print_refusal
        from walletsvc.web.refusals import register_printer

        register_printer("/graphql", print_refusal)
        read_allowlist(settings.GRAPHQL_ALLOWLIST)
