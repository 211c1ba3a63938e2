"""
The catalog API of Meta's stand-in: batches of items, the items, feeds, and how well events' ids match them.

Batches end after a while (0.3 s unless told otherwise) without any task of ours: what is due is done when a call comes.
"""
