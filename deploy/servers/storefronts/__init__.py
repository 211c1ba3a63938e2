"""Stand-ins of the shop systems' APIs, for tests and demos: small shops in memory behind the real paths and headers."""
