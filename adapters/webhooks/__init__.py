"""Events out: signed CloudEvents to endpoints of others."""
