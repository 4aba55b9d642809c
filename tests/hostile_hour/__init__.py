"""A hostile hour: many requests, no two of which are equal in what a server may remember of them.

`python -m tests.hostile_hour` sends them to a server that it starts, and tells by how much its workers have grown.
`make fuzz` calls it, on both engines.
"""
