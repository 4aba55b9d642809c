from django.apps import AppConfig


class RestApiConfig(AppConfig):
    name = "rest_api"

    def ready(self) -> None:
        """Print in JSON:API what is refused below /api before a view is asked."""
        from rest_api.refusals import print_refusal
        from walletsvc.web.refusals import register_printer

        register_printer("/api", print_refusal)
