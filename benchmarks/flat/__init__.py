"""Ask every list that the schema offers, at a million rows, and read its time in the database.

`python -m benchmarks.flat` fills a MariaDB of its own and takes the questions from the declarations of the resources,
so that a new filter or order is measured without another word. It takes about 7 minutes.
"""
