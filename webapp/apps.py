from django.apps import AppConfig


class WebappConfig(AppConfig):
    name = "webapp"
    verbose_name = "Callboard"

    def ready(self) -> None:
        """Let jobs that are added in this process ring for the workers, and every publish know who calls the prompt."""
        from monitoring import prompt_callers
        from projects import doorbell
        from prompt_registry import callers
        from workers import bell

        doorbell.connect(bell.ring)
        callers.connect(prompt_callers.find)
