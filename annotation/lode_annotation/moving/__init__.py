"""Work that moves in from another labeling tool, and out to one: tasks with everybody's answers, drafts and reviews."""
