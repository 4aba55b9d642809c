from django.apps import AppConfig


class RestApiConfig(AppConfig):
    name = "rest_api"

    def ready(self) -> None:
        """Render refusals that precede the views below /api as JSON:API."""
        from rest_api.refusals import print_refusal
        from walletsvc.web.refusals import register_printer

        register_printer("/api", print_refusal)
