"""The raw statements of this room: the items of bulk actions, and the tags that those give, without reading either."""

from lode_platform import sql
from lode_platform.models import BulkAction, BulkActionItem, ItemQuerySet, Tag, TaggedItem

HELD, TAGGED = (model._meta.db_table for model in (BulkActionItem, TaggedItem))


def hold_items(action: BulkAction, items: ItemQuerySet) -> int:
    """Puts the items of a query among those of a bulk action; answers how many."""
    chosen, values = items.order_by("pk").values("pk").query.sql_with_params()
    names = [f"chosen_{number}" for number in range(len(values))]
    return sql.change(
        f"INSERT INTO {HELD} (action_id, item_id) SELECT %(action)s, chosen.pk"
        f" FROM ({chosen % tuple(f'%({name})s' for name in names)}) chosen",
        {"action": action.pk, **dict(zip(names, values, strict=True))},
    )


def tag_items(tag: Tag, action: BulkAction) -> int:
    """Gives the tag to the items of the action."""
    return sql.change(
        f"INSERT INTO {TAGGED} (tag_id, item_id, action_id) SELECT %(tag)s, h.item_id, %(action)s FROM {HELD} h"
        " WHERE h.action_id = %(action)s ORDER BY h.item_id",
        {"tag": tag.pk, "action": action.pk},
    )


def tag_again(tag: Tag, action: BulkAction) -> int:
    """Gives the tag back to the items that the action took it from, each as the action gave it that had done so."""
    return sql.change(
        f"INSERT INTO {TAGGED} (tag_id, item_id, action_id) SELECT %(tag)s, h.item_id, h.number_before FROM {HELD} h"
        f" WHERE h.action_id = %(action)s AND NOT EXISTS (SELECT 1 FROM {TAGGED} t WHERE t.tag_id = %(tag)s"
        " AND t.item_id = h.item_id) ORDER BY h.item_id",
        {"tag": tag.pk, "action": action.pk},
    )
