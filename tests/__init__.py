"""Unit, property, contract, integration and end-to-end tests."""
