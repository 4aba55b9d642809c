"""What operators see of a running server: its log, metrics and traces.

The rest of the code says what happens through these modules, and knows nothing of formats and libraries. Without a
request, a metrics port or a collector, what is said costs a comparison.
"""
