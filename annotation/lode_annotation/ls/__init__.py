"""The addresses that Label Studio's clients ask, below ``/ls/``: thin views over the verbs of this room.

A project there is a queue with its schema. What is not offered is refused by name (``refusals.NotOffered``).
"""
