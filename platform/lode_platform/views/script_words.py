"""The words of our scripts, as a script that a browser fetches once and keeps."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import check_for_language
from django.views.decorators.http import require_safe

from lode_platform.script_words import catalogue, digest

KEPT = "public, max-age=31536000, immutable"


@login_not_required
@require_safe
def script_words(request: HttpRequest, language: str, wanted: str) -> HttpResponse:
    """The words of one language. The address of another release is answered with today's, which are not kept then."""
    if not check_for_language(language):
        raise Http404(language)
    answer = HttpResponse(catalogue(language), content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = KEPT if wanted == digest(language) else "no-cache"
    return answer
