"""Addresses about types, terms and hierarchies. "id" keeps one whose code is "add" apart from the page for adding."""

from __future__ import annotations

from django.urls import path

from cgr.web.types import hierarchies, terms, views

urlpatterns = [
    path("types/", views.types, name="types"),
    path("types/add/", views.add_type, name="add-type"),
    path("types/id/<str:type>/", views.one_type, name="type"),
    path("types/id/<str:type>/edit/", views.edit_type, name="edit-type"),
    path("types/id/<str:type>/attribute/", views.attribute, name="attribute"),
    path("types/terms/", terms.trees, name="term-trees"),
    path("types/terms/add/", terms.add_tree, name="add-term-tree"),
    path("types/terms/id/<str:tree>/", terms.tree, name="term-tree"),
    path("types/terms/id/<str:tree>/edit/", terms.edit_tree, name="edit-term-tree"),
    path("types/terms/id/<str:tree>/term/", terms.term, name="term"),
    path("types/hierarchies/", hierarchies.hierarchies, name="hierarchies"),
    path("types/hierarchies/add/", hierarchies.add_hierarchy, name="add-hierarchy"),
    path("types/hierarchies/id/<str:hierarchy>/", hierarchies.hierarchy, name="hierarchy"),
    path("types/hierarchies/id/<str:hierarchy>/edit/", hierarchies.edit_hierarchy, name="edit-hierarchy"),
    path("types/hierarchies/id/<str:hierarchy>/place/", hierarchies.place, name="place-type"),
]
