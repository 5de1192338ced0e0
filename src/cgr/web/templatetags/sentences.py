"""`{{ run.error.message|sentence }}`: what a room below told in English, in the language of the page."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language

from cgr.web.sentences import told

register = template.Library()


def _marked(text: str) -> str:
    return format_html('<span lang="en">{}</span>', text)


@register.filter
def sentence(text: str | None) -> str:
    """Say a sentence; what has no translation, like DHIS2's own words in it, is marked as English."""
    if not text:
        return ""
    marks = get_language() != "en"
    parts = (_marked(part.text) if part.foreign and marks else part.text for part in told(text))
    return format_html_join("", "{}", ((part,) for part in parts))
