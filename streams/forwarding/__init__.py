"""What `streams.forward` is made of: from an envelope to each destination, and from its answer to a receipt."""
