"""Flows of other makers, converted to ours; what cannot be carried over is listed, and nobody meets it by accident.

Every block, action and router of the export is an item of the report: kept, changed (with how), lost (with why), or
unused (nothing leads to it). What is lost stands in the new flow in one of two ways, never as words to the customer:

- What the customer took part in (a payment, an assistant) becomes a hand-off with a note: people do it, and the flow
  goes on when they are done.
- What cannot be computed or done (a script, a row in a sheet, a condition) reads the name `not_carried_over`. There is
  no such name, so `flow check` fails at exactly that place, and the flow cannot be published until somebody decides.
"""
