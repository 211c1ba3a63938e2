"""BigCommerce: its callbacks, its catalog API, and what its products mean."""
