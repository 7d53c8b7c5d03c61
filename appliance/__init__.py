"""The commune box itself: domain, store, pipeline, pages, commands. The composition root of the product."""
