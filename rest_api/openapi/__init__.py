"""The description of the API, in OpenAPI 3.1: made from the same declarations that answer the requests."""
