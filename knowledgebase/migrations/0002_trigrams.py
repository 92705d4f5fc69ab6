"""Searching titles that look alike needs trigrams."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("knowledgebase", "0001_initial")]

    operations = [TrigramExtension()]
