"""The OpenAPI 3.1 description, made from the declarations that also answer the requests."""
