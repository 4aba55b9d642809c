"""Intrusion: random requests of two owners, and of nobody, to a real server that asks for keys.

Schemathesis generates them from the OpenAPI document and the GraphQL schema, hypothesis makes raw heads and bodies.
Each is sent with a good key of one owner, with one of another, and with none. No request may be answered with a fault
of the server or not at all, or with anything of another owner; and the ledger reconciles afterwards.
"""
