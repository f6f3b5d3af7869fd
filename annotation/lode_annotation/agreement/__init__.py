"""How far people agree who answered the same tasks: measures as functions of arrays, and what they are asked of."""
