"""Products out of CSV files: Shopify's own export, and any other file whose columns can be told apart or are named."""
