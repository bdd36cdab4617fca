"""The 2018 study again, as numbers: train its experiments, measure them, test its findings.

The study judged its models by eye and concluded that it needed an objective measure to compare
them. `findings` lists what it saw and the comparison that tests it, `plan` the training runs,
`verdict` what the measures say. `limner study` runs everything, resumes, and writes one page.
"""
