"""JavaScript: for exports, and for pages that compute.

code            an export
vocabulary      what it calls the rows of the table; functions.js has those that Math lacks
"""
