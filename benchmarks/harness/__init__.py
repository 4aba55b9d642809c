"""Measures walletsvc against its peers on one machine, and writes the results.

python -m benchmarks.harness            the whole measurement, about half an hour
python -m benchmarks.harness --quick    some 10 minutes
python -m benchmarks.harness --smoke    runs everything once, to check that it is correct; proves no timing
"""
