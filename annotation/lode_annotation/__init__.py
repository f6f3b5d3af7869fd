"""What is annotated and by whom: schemas, queues, tasks, annotations, reviews, label sets."""
