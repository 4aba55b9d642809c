"""A hostile hour: many requests, each different in something that a server may remember.

`python -m tests.hostile_hour` sends them to a server that it starts, and reports how much its workers have grown.
`make fuzz` calls it, on both engines.
"""
