"""A small draughtsman: parameters written by hand in, vector drawings of faces out.

`media` names what a drawing is made with and `marks` lays lines, strands and tone on a sheet of
paper. With them `features` draws the parts of a face, `head` what they stand on, `hair` what grows
there and `worn` what covers it. `women` and `men` hold the sitters, who are nobody.
"""
