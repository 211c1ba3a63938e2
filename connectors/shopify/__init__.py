"""Shopify: its webhooks verified, and what they say mapped to orders and product changes."""
