"""Meta's Conversions API: what an event is called there, whether it may be sent, and the way to it.

`mapping` and `validation` are pure; `failures` is the one table of Meta's errors; `client` does one request;
`sender` keeps one destination busy: batches, retries, bisection, pauses.
"""
