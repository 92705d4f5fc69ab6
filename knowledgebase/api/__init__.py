"""Articles and known issues over the API. `register(router)` puts them under the API's addresses."""
