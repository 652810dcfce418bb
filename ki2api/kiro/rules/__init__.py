"""What Kiro accepts: every rule of docs/kiro.md §3.4 (H1…) and §3.5 (T1…), findable by its id.

A rule repairs what can be said otherwise without loss and records that; it refuses the rest with
the place in the caller's JSON. Rules work on a draft, in the order in which `compose` calls them:

reading.py       H16; parts become turns of the role they belong to
turns.py         H1 to H6, H18, the system text
pairs.py         H7 to H11
tools.py         H12, H13, T1 to T5 (names: kiro/names.py, with T15)
schema.py        T6 to T11, with alternatives.py
images.py        H17, with picture.py
documents.py     §3.7: documents and their names
effort.py        §3.6: thinking, effort and token limit as the model takes them
reasoning.py     §3.6: which earlier thoughts go back to the model
text.py          H15, H19
register.py      the table of all rules, which docs/rules.md shows

H14 is kept by the wire structs, H20 by a constant of `compose`, H21 by the model catalogue.
"""
