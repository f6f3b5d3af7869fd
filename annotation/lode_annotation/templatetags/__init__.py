"""The filters of this room's pages."""
