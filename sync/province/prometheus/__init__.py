"""Ready rules for Prometheus: `commune-alerts.yml`, and `commune-alerts.test.yml` that proves them with promtool."""
