"""The questions over HTTP: each file of analytics/queries is an address, described by OpenAPI."""
