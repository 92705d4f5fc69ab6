"""The desk over the API. It calls the same domain functions as the pages."""
