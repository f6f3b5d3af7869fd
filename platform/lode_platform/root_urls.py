"""Every address of the server; rooms are named by string, so the floor wires the roof without importing it."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

ROOMS = ["lode_platform", "lode_annotation", "lode_datasets", "lode_hooks"]

urlpatterns = [
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="openapi"),
    *[path("api/v1/", include(f"{room}.api.urls")) for room in ROOMS],
    *[path("", include(f"{room}.urls")) for room in ROOMS],
]

handler400 = "lode_platform.views.errors.bad_request"
handler403 = "lode_platform.views.errors.forbidden"
handler404 = "lode_platform.views.errors.not_found"
handler500 = "lode_platform.views.errors.broken"
