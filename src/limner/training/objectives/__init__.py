"""What is learnt: objectives, their terms, and what frozen networks are shown."""
