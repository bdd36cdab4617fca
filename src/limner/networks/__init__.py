"""Networks as plain `nn.Module`s, independent of data, losses and training.

`config` has their settings and needs no torch. `unet` and `resnet` are generators, which
`generator` makes from a config; `guidance` adds further inputs to the image. `patchgan` and
`projected` are discriminators, which `discriminator` makes. `efficientnet` and `descriptor` are
pretrained and frozen.
"""
