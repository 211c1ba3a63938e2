"""What a shop's products are as items of a catalog at Meta: pure functions from a product to what is sent."""
