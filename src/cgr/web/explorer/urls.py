"""Addresses of the Explorer."""

from __future__ import annotations

from django.urls import path

from cgr.web.explorer import changing, maps, views

_TILE = "explorer/tiles/<str:hierarchy>/<str:type_code>/<int:z>/<int:x>/<int:y>.mvt"

urlpatterns = [
    path("explorer/", views.explorer, name="explorer"),
    path("explorer/search/", views.search, name="explorer-search"),
    path("explorer/tree/<str:hierarchy>/", views.top, name="explorer-top"),
    path("explorer/tree/<str:hierarchy>/<uuid:uid>/", views.below, name="explorer-below"),
    path("explorer/objects/<uuid:uid>/", views.geo_object, name="explorer-object"),
    path("explorer/objects/<uuid:uid>/geometry.geojson", maps.geometry, name="explorer-geometry"),
    path("explorer/objects/<uuid:uid>/change/<str:what>/", changing.change, name="explorer-change"),
    path("explorer/add/<str:type_code>/", changing.add, name="explorer-add"),
    path("explorer/candidates/<str:type_code>/", views.candidates, name="explorer-candidates"),
    path("explorer/places/<str:hierarchy>/<str:type_code>.geojson", maps.few_places, name="explorer-places"),
    path(_TILE, maps.tile, name="explorer-tile"),
]
