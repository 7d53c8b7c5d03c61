"""Every page as people see it: an office and a province to look at, and pictures of them."""
