"""Every raw statement of this room: the paths that an annotator waits for, whose statements are counted.

Parameters are named, rows too; tables are named by their models. All else asks the models.
"""
