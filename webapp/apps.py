from django.apps import AppConfig


class WebappConfig(AppConfig):
    name = "webapp"
    verbose_name = "Callboard"

    def ready(self) -> None:
        """Let jobs that are added in this process ring for the workers."""
        from projects import doorbell
        from workers import bell

        doorbell.connect(bell.ring)
