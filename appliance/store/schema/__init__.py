"""The steps of the schema, a module for each subject; `appliance.store.migrations` says in which order they run."""
