"""The restore drill: a dump under load, restored on an empty server, and what is true of it afterwards.

python -m tests.drill [--engine sqlite|mariadb] [--seconds 10]

It needs no preparation and touches no existing database: servers, data and dump are in temporary folders.
"""
