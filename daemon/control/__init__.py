"""The operator's door: JSON over a unix socket. Knows neither the loop nor the venues."""
