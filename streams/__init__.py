"""The Faust workers: stitch, forward, archive. Thin; the decisions are in `streams.rules`."""
