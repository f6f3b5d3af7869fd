"""Named selections of items and the immutable versions published from them."""
