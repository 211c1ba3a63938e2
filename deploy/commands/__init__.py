"""The commands of `storestream`, one module each; `deploy.cli` mounts them."""
