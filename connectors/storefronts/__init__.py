"""What the connectors to shop systems share: the door their webhooks come through, signatures, and patient requests."""
