"""The workplace at 1,000 to 1,000,000 tickets, beside a bare Django view and django-helpdesk (docs/performance.md)."""
