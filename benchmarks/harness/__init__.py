"""Measures walletsvc beside its peers on one machine, and writes what came out.

python -m benchmarks.harness            the whole measurement, about half an hour
python -m benchmarks.harness --quick    under 5 minutes
python -m benchmarks.harness --smoke    does everything once, to see that it is correct; proves no timing
"""
