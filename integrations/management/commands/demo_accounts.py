"""Describe the demo company's customers for its back office, one JSON object a line."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from integrations.demo import accounts


class Command(BaseCommand):
    help = "Describe the customers and their cases, for `python -m bench.back_office seed`."

    def handle(self, *args: Any, **options: Any) -> None:
        for customer in accounts.described():
            self.stdout.write(json.dumps(customer))
