"""`{{ run.error.message|sentence }}`: what a room below told in English, in the language of the page."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language

from cgr.web.sentences import told

register = template.Library()


@register.filter
def sentence(text: str | None) -> str:
    """Say a sentence; what has no translation, like DHIS2's own words in it, is marked as English."""
    if not text:
        return ""
    english = format_html('<span lang="en">{}</span>', "{}") if get_language() != "en" else "{}"
    return format_html_join("", "{}", ((format_html(english if part.foreign else "{}", part.text),) for part in told(text)))
