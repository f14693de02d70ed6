"""What screens show, as lines made of the API's JSON: no widget, no request, no clock of its own."""
