"""The ground floor: people, projects, the store, items, jobs and the web shell."""
