"""Where the tests' own views are reached."""

from django.urls import include, path, re_path

from apps.core import problems
from tests.core import views

urlpatterns = [
    path("api/payments", views.PaymentView.as_view()),
    path("api/raise/<str:name>", views.RaisingView.as_view()),
    path("api/private", views.PrivateView.as_view()),
    path("api/bug", views.bug),
    path("api/database", views.database_away),
    path("bug", views.bug),
    path("api/keys", views.ListView.as_view()),
    path("api/keys/oldest", views.OldestFirstView.as_view()),
    path("api/groups", views.GroupView.as_view()),
    path("api/groups/again", views.GroupView.as_view()),
    path("api/optional", views.OptionalKeyView.as_view()),
    path("api/throttled", views.ThrottledView.as_view()),
    path("api/throttled/actor", views.ThrottledByActorView.as_view()),
    path("api/problems/", include("apps.core.api.urls")),
    re_path("^api/", problems.not_found),
]
handler400 = "apps.core.problems.bad_request"
handler403 = "apps.core.problems.permission_denied"
handler404 = "apps.core.problems.not_found"
handler500 = "apps.core.problems.server_error"
