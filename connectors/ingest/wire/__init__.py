"""What browsers send, as types: Shopify's Web Pixels events and our wrapper around them.

Nested members may be absent or null, as real captures have them; a member of the wrong JSON type is refused by
its path. Unknown members are ignored. Reference: https://shopify.dev/docs/api/web-pixels-api/standard-events
"""
