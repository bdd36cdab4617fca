"""Networks as plain `nn.Module`s: they know nothing of data, losses or files.

`config` has their settings and needs no torch. `unet` and `resnet` are generators, which
`generator` makes from a config; `guidance` is what they take in beside the picture. `patchgan` and
`projected` are discriminators, which `discriminator` makes. `efficientnet` and `descriptor` are
trained already and stay as they are.
"""
