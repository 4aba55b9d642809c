"""A wallet server of stock parts: Django REST framework JSON:API viewsets, and strawberry-django's connection."""
