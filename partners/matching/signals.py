"""What other apps may listen to: they keep rows about partners of their own, which the catalogue must not know."""

from django.dispatch import Signal

# keep, merged: Organisation; merge: Merge. Sent in the transaction, before references to `merged` are moved.
# A receiver may put what it needs to take its part back into merge.kept_copies[<its own key>], and return which rows
# stay with `merged`: "app.model.field" → keys.
partners_merging = Signal()
# merge: Merge. Sent in the transaction, after the references were moved back.
partners_split = Signal()
