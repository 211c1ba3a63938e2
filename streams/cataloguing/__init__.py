"""What `streams.catalog` is made of: from a changed product to each catalog, and from Meta's answer to a receipt."""
