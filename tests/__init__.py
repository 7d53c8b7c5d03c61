"""The project's tests; a package, so that fakes and fixtures have one name wherever pytest is started."""
