"""The HTTP door: what browsers and shops send comes in, events and refusals go to Kafka, an answer goes out.

`app.create_app` is the whole of it; `python -m deploy.processes.ingest` runs it. Documented in docs/ingest.md.
"""
