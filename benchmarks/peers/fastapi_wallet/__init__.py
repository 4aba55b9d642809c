"""The same JSON:API contract in FastAPI and asynchronous SQLAlchemy: the same documents, the same guard."""
