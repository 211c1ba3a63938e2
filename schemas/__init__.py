"""The contracts: events, products, topics, settings, errors. Imports nothing of ours."""
