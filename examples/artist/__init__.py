"""Vector drawings of faces from parameters written by hand.

`media` describes graphite, ink and charcoal; `marks` draws lines, strands and tone on a sheet of
paper. `features` draws the parts of a face, `head` the head, `hair` the hair, and `worn` clothes,
spectacles and headscarves. `women` and `men` contain the portraits, of people who do not exist.
"""
