"""Kills and joins workers under load on real Kafka, and compares ids: `python -m tests.chaos`."""
