"""A wallet server from stock parts: Django REST framework JSON:API viewsets, and strawberry-django's connection."""
