"""A wallet server for real money: the domain, and the Django project that hosts it."""

__version__ = "0.1.0"
"""The version of the server. The wheel, the OpenAPI description and `walletsvc version` all have it from here."""
