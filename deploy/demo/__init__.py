"""A shop one believes: its catalogue, its shoppers and their days, from a seed, sent through the public HTTP door."""
