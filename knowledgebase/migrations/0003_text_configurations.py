"""Texts are analysed without their accents: configurations of our own, in both languages, and one for names.

A generated column can't change its expression, so those of articles and known issues are made anew.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.contrib.postgres.operations import UnaccentExtension
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models

CONFIGURATIONS = {
    "secondline_en": ("english", "english_stem"),
    "secondline_es": ("spanish", "spanish_stem"),
    "secondline_names": ("simple", "simple"),
}
# Words that may have accents; the rest (numbers, addresses, paths) goes as the original configuration has it.
WORDS = "hword, hword_part, word"


def configurations():
    create = [
        f"CREATE TEXT SEARCH CONFIGURATION {name} (COPY = {original});"
        f"ALTER TEXT SEARCH CONFIGURATION {name} ALTER MAPPING FOR {WORDS} WITH unaccent, {dictionary}"
        for name, (original, dictionary) in CONFIGURATIONS.items()
    ]
    drop = [f"DROP TEXT SEARCH CONFIGURATION {name}" for name in CONFIGURATIONS]
    return migrations.RunSQL(";".join(create), ";".join(drop))


def document(title, body):
    return models.GeneratedField(
        expression=SearchVector(title, weight="A", config="secondline_en")
        + SearchVector(body, weight="B", config="secondline_en")
        + SearchVector(title, weight="A", config="secondline_es")
        + SearchVector(body, weight="B", config="secondline_es"),
        output_field=SearchVectorField(),
        db_persist=True,
    )


def index(name):
    return django.contrib.postgres.indexes.GinIndex(fields=["search"], name=name)


class Migration(migrations.Migration):
    dependencies = [("knowledgebase", "0002_trigrams")]

    operations = [
        UnaccentExtension(),
        configurations(),
        migrations.RemoveIndex("article", "article_search"),
        migrations.RemoveField("article", "search"),
        migrations.AddField("article", "search", document("title", "body")),
        migrations.AddIndex("article", index("article_search")),
        migrations.RemoveIndex("knownissue", "known_issue_search"),
        migrations.RemoveField("knownissue", "search"),
        migrations.AddField("knownissue", "search", document("title", "symptoms")),
        migrations.AddIndex("knownissue", index("known_issue_search")),
    ]
