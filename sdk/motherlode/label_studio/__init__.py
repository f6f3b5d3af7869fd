"""Label Studio's projects: their exports read, their configs, media and people understood, by file or by address."""
