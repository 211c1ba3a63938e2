"""WooCommerce: its webhooks, its REST API, and what its products mean."""
