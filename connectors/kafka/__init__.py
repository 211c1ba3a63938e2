"""Kafka: topics applied, envelopes written, compacted topics followed, schema ids looked up."""
