"""Feeds: the items of a catalog as files that Meta fetches, their registration, and what Meta found in them.

`storestream catalogs feed`; the process `api` serves the files at `/feeds/{shop}/{catalog}.xml|csv`.
"""
