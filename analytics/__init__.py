"""Migrations, the questions as SQL files, and the runner that asks them."""
