"""What the process `api` serves at `/feeds`: the products in force, written as files for Meta to fetch."""
